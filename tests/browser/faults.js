// What a reader who sees little or uses no mouse stumbles over: the faults of the open page, in words.
() => {
  const found = [];
  const seen = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })
    && node.getBoundingClientRect().right > 0 && node.getBoundingClientRect().width > 1;
  if (document.documentElement.lang !== "zh-CN") found.push("lang");
  if (!document.title.trim()) found.push("title");
  if (document.querySelectorAll("h1").length !== 1) found.push("h1: " + document.querySelectorAll("h1").length);
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    const named = field.labels.length || field.getAttribute("aria-label");
    if (seen(field) && !named) found.push("no label: " + field.name);
  }
  for (const image of document.images) if (!image.hasAttribute("alt")) found.push("no alt: " + image.src);
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push("id twice: " + id);
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) found.push("scrolls sideways by " + wide);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    const size = parseFloat(getComputedStyle(node).fontSize);
    if (texts.currentNode.data.trim() && seen(node) && size < 16) {
      found.push(`${size.toFixed(1)} px: ${texts.currentNode.data.trim().slice(0, 20)}`);
    }
  }
  for (const node of document.querySelectorAll("button, .button, .tabbar a, input:not([type=hidden]), select")) {
    const box = (node.closest("label") || node).getBoundingClientRect();
    if (seen(node) && box.height < 44) found.push(`${box.height.toFixed(0)} px high: ${node.innerText || node.name}`);
  }
  return [...new Set(found)];
}
