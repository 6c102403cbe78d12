"use strict";
// The phone: chat, scanning, pages. Everything a person does goes through the sandbox's control API.
(() => {
  const $ = (id) => document.getElementById(id);
  const data = document.body.dataset;
  const persona = data.persona;
  let seq = 0;
  let logSeq = 0;
  let tab = "chat";
  let menuText = "";
  let keyboard = false;
  let polling = null;

  const { ZONE, make } = window.PhoneMessages;

  async function control(name, body) {
    const answer = await fetch(`/_control/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ persona, ...body }),
    });
    const result = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(result.message || "沙箱没有回应");
    return result;
  }

  function toast(text) {
    $("toast").textContent = text;
    $("toast").hidden = false;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => { $("toast").hidden = true; }, 2200);
  }

  async function act(name, body) {
    try {
      const result = await control(name, body);
      await poll();
      arrive(result);
      return result;
    } catch (error) {
      toast(error.message);
      return null;
    }
  }

  // A tap or scan may lead to a page or into the Mini Program.
  function arrive(result) {
    if (result.open) openPage(result.open);
    if (result.miniprogram) {
      show("mini");
      window.MiniProgram.open(result.miniprogram);
    }
  }

  function openPage(url) {
    let host = url;
    try { host = new URL(url).host; } catch { toast("打不开这个网址"); return; }
    if (!/^https?:/.test(url)) { toast("打不开这个网址"); return; }
    $("page-title").textContent = host;
    $("page-progress").className = "page-progress loading";
    $("page").hidden = false;
    $("page-frame").src = url;
  }

  function closePage() {
    $("page").hidden = true;
    $("page-frame").src = "about:blank";
    poll();
  }

  // ---- messages ----
  function scrollDown() { $("messages").scrollTop = $("messages").scrollHeight; }

  const lines = window.PhoneMessages.drawer(data, act, scrollDown);

  function addMessages(messages) {
    for (const message of messages) {
      const time = lines.stamp(message);
      if (time) $("messages").append(time);
      const node = lines.line(message);
      node.dataset.id = message.id;
      $("messages").append(node);
    }
    if (messages.length) scrollDown();
  }

  // ---- polling ----
  function badge(node, count) {
    if (!node) return;
    node.hidden = !count;
    node.textContent = count > 99 ? "99+" : String(count);
  }

  function showPeople(people) {
    let others = 0;
    for (const person of people) {
      const own = person.id === persona;
      const count = own && looking() ? 0 : person.unread;
      if (own) badge($("own-unread"), count); else others += person.unread;
      for (const button of document.querySelectorAll(`[data-person="${person.id}"]`)) {
        badge(button.querySelector(".badge"), count);
        if (person.last) button.querySelector("small").textContent = person.last;
      }
    }
    badge($("others-unread"), others);
  }

  function showMenu(buttons, subscribed) {
    const text = JSON.stringify([buttons, subscribed]);
    if (text === menuText) return;
    menuText = text;
    $("follow-card").hidden = subscribed;
    $("messages").style.flex = subscribed ? "" : "0 1 auto";
    $("composer").hidden = !subscribed;
    $("account-follow").hidden = subscribed;
    $("account-unfollow").hidden = !subscribed;
    $("account-state").textContent = subscribed ? "已关注" : "还没有关注";
    $("menu").replaceChildren(...buttons.map(menuButton));
    layoutComposer();
  }

  function layoutComposer() {
    const has = $("menu").childElementCount > 0;
    $("toggle-menu").hidden = !has;
    $("menu").hidden = !has || keyboard;
    $("say-form").hidden = has && !keyboard;
  }

  function closeSubmenus() { document.querySelectorAll(".submenu").forEach((node) => node.remove()); }

  function menuButton(item) {
    const cell = make("div");
    const below = item.sub_button || [];
    const button = make("button", below.length ? "has-sub" : "", item.name);
    button.dataset.testid = "menu-button";
    button.onclick = (event) => {
      event.stopPropagation();
      const open = cell.querySelector(".submenu");
      closeSubmenus();
      if (below.length && !open) cell.append(submenu(below));
      if (!below.length) act("tap", { menu_name: item.name });
    };
    cell.append(button);
    return cell;
  }

  function submenu(items) {
    const box = make("div", "submenu");
    for (const item of items) {
      const button = make("button", "", item.name);
      button.dataset.testid = "menu-button";
      button.onclick = () => act("tap", { menu_name: item.name });
      box.append(button);
    }
    return box;
  }

  const clockText = (iso, seconds) => new Date(iso).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}), hour12: false, timeZone: ZONE });

  function showLog(entries, clock) {
    $("clock").textContent = clockText(clock);
    $("log-clock").textContent = `沙箱时钟 ${new Date(clock).toLocaleString("zh-CN", { hour12: false, timeZone: ZONE })}`;
    for (const entry of entries) {
      logSeq = entry.seq;
      const item = make("li", `${entry.kind}${entry.ok ? "" : " bad"}`);
      item.append(make("b", "", entry.text), make("time", "", clockText(entry.time, true)));
      const note = [entry.persona, entry.note].filter(Boolean).join(" · ");
      if (note) item.append(make("small", "", note));
      $("log").prepend(item);
    }
    while ($("log").childElementCount > 120) $("log").lastChild.remove();
  }

  const looking = () => tab === "chat" && $("page").hidden && !document.hidden;

  async function fetchNews() {
    const answer = await fetch(`/phone/poll?persona=${persona}&since=${seq}&log=${logSeq}&seen=${looking() ? 1 : 0}`);
    const news_ = await answer.json();
    if (news_.gone) { location.reload(); return; }
    seq = news_.seq;
    addMessages(news_.messages);
    showMenu(news_.menu, news_.subscribed);
    showPeople(news_.people);
    showLog(news_.log, news_.clock);
  }

  // One poll at a time: two at once would show the same messages twice.
  function poll() {
    polling = (polling || Promise.resolve()).then(fetchNews).catch(() => {});
    return polling;
  }

  // ---- scanning ----
  async function loadCodes() {
    const answer = await fetch(`/phone/codes?q=${encodeURIComponent($("code-filter").value)}`);
    const found = await answer.json();
    const all = [...found.tickets, ...found.wxacodes];
    $("code-list").replaceChildren(...all.map(codeItem));
    if (!all.length) $("code-list").append(make("li", "empty", "还没有码：系统生成二维码以后会出现在这里"));
  }

  function codeItem(code) {
    const item = make("li");
    const button = make("button", "code");
    button.dataset.testid = "code";
    button.dataset.scene = code.title;
    button.dataset.kind = code.kind;
    const image = make("img");
    image.src = `/phone/qr?content=${encodeURIComponent(code.content)}`;
    image.alt = "";
    image.loading = "lazy";
    const text = make("span");
    text.append(make("b", "", code.title), make("small", "", code.note));
    button.append(image, text, make("em", code.kind, code.kind === "ticket" ? "公众号码" : "小程序码"));
    button.onclick = () => scan(code.content);
    item.append(button);
    return item;
  }

  function scanError(text) {
    $("scan-error").textContent = text;
    $("scan-error").hidden = !text;
  }

  async function scan(text) {
    scanError("");
    try {
      const result = await control("scan", { content: text });
      if (!result.open && !result.miniprogram) show("chat");
      await poll();
      arrive(result);
    } catch (error) {
      scanError(error.message);
    }
  }

  async function scanPicture(file) {
    const form = new FormData();
    form.append("image", file);
    const answer = await fetch("/phone/decode", { method: "POST", body: form });
    const result = await answer.json();
    if (answer.ok) scan(result.content); else scanError(result.error);
  }

  // ---- tabs and buttons ----
  function show(name) {
    tab = name;
    for (const view of ["chat", "scan", "mini", "people"]) $(`view-${view}`).hidden = view !== name;
    for (const button of document.querySelectorAll("[data-tab]")) button.classList.toggle("on", button.dataset.tab === name);
    document.querySelector(".phone > .bar").hidden = name === "mini";
    $("title").textContent = { chat: data.account, scan: "扫一扫", people: "选一部手机" }[name] || "";
    $("show-account").style.visibility = name === "chat" ? "" : "hidden";
    $("show-people").style.visibility = name === "chat" ? "" : "hidden";
    if (name === "scan") loadCodes();
    if (name === "mini") window.MiniProgram.show();
    if (name === "chat") { scrollDown(); poll(); }
  }

  const base64 = (file) => new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.split(",")[1]);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });

  function wire() {
    document.querySelectorAll("[data-tab]").forEach((button) => { button.onclick = () => show(button.dataset.tab); });
    document.querySelectorAll("[data-advance]").forEach((button) => {
      button.onclick = async () => {
        await fetch("/_control/clock", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ advance_seconds: Number(button.dataset.advance) }) });
        poll();
      };
    });
    $("say-form").onsubmit = (event) => {
      event.preventDefault();
      const text = $("say-text").value.trim();
      if (!text) return;
      $("say-text").value = "";
      act("say", { text });
    };
    $("picture-file").onchange = async (event) => {
      const file = event.target.files[0];
      event.target.value = "";
      if (file) act("picture", { image_base64: await base64(file) });
    };
    $("scan-form").onsubmit = (event) => { event.preventDefault(); scan($("scan-content").value); };
    $("scan-file").onchange = (event) => { if (event.target.files[0]) scanPicture(event.target.files[0]); event.target.value = ""; };
    $("code-filter").oninput = loadCodes;
    $("follow").onclick = () => act("follow", {});
    $("account-follow").onclick = () => { $("account-sheet").hidden = true; act("follow", {}); };
    $("account-unfollow").onclick = () => { $("account-sheet").hidden = true; act("unfollow", {}); };
    $("show-account").onclick = () => { $("account-sheet").hidden = false; };
    $("account-close").onclick = () => { $("account-sheet").hidden = true; };
    $("show-people").onclick = () => show("people");
    $("toggle-menu").onclick = () => { keyboard = !keyboard; layoutComposer(); if (keyboard) $("say-text").focus(); };
    $("page-close").onclick = closePage;
    $("page-frame").onload = () => { $("page-progress").className = "page-progress"; };
    document.addEventListener("click", closeSubmenus);
  }

  window.Phone = { persona, control, toast, openPage, make };
  wire();
  poll();
  setInterval(poll, 1000);
})();
