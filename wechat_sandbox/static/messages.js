"use strict";
// How one line of the chat looks. Texts are set as text, never as markup; links go through the sandbox.
window.PhoneMessages = (() => {
  const ZONE = "Asia/Shanghai"; // phones show the time of where they are, whoever looks at this page

  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  const LINK = /<a\s[^>]*?href\s*=\s*(["'])(.*?)\1[^>]*>(.*?)<\/a>/gis;

  function drawer(data, act, scrollDown) {
    let lastTime = 0;

    function richText(message) {
      const parts = [];
      let at = 0;
      let number = 0;
      for (const match of message.text.matchAll(LINK)) {
        if (match.index > at) parts.push(make("span", "", message.text.slice(at, match.index)));
        parts.push(linkButton(message, number, match[3]));
        number += 1;
        at = match.index + match[0].length;
      }
      if (at < message.text.length) parts.push(make("span", "", message.text.slice(at)));
      return parts;
    }

    function linkButton(message, number, text) {
      const button = make("button", "link", text);
      button.type = "button";
      button.dataset.testid = "message-link";
      button.onclick = () => act("tap", { message_id: message.id, link: number });
      return button;
    }

    function card(message) {
      const leads = Boolean(message.url || message.miniprogram);
      const node = make(leads ? "button" : "div", "card");
      node.dataset.testid = "template-message";
      const from = make("div", "from");
      from.append(make("span", "account-picture tiny", "码"), make("span", "", message.source === "subscribe" ? `服务通知 · ${message.account}` : message.account));
      const list = make("dl");
      for (const field of message.fields) list.append(make("dt", "", field.label), make("dd", "", field.value));
      node.append(from, make("h4", "", message.title), list);
      if (leads) {
        node.append(make("div", "go", message.miniprogram ? "进入小程序查看" : "查看详情"));
        node.onclick = () => act("tap", { message_id: message.id });
      }
      return node;
    }

    function news(message) {
      const node = make("div", "card");
      message.articles.forEach((article, number) => {
        const button = make("button", "article");
        button.dataset.testid = "article";
        const text = make("span", "", article.title);
        if (article.description) text.append(make("small", "", article.description));
        button.append(text);
        button.onclick = () => act("tap", { message_id: message.id, link: number });
        node.append(button);
      });
      return node;
    }

    function miniCard(message) {
      const node = make("button", "card");
      const from = make("div", "from");
      from.append(make("span", "account-picture tiny", "码"), make("span", "", data.miniName));
      node.append(from, make("h4", "", message.title || "小程序"), make("div", "go", "进入小程序"));
      node.onclick = () => act("tap", { message_id: message.id });
      return node;
    }

    function content(message) {
      if (message.type === "image" || message.type === "video") {
        const image = make("img", "picture");
        image.src = `/phone/media/${message.media_id}`;
        image.alt = "图片";
        image.onload = scrollDown;
        return image;
      }
      const bubble = make("div", "bubble");
      bubble.dataset.testid = "bubble";
      if (message.type === "voice") {
        bubble.classList.add("voice");
        bubble.append(make("span", "", message.direction === "sent" ? "2″ )))" : "((( 2″"));
      } else if (message.type === "location") {
        bubble.classList.add("place");
        bubble.append(make("span", "", message.text), make("small", "", "位置"));
      } else if (message.type === "msgmenu") {
        bubble.classList.add("choices");
        bubble.append(make("span", "", message.text.split("\n")[0]));
        message.links.forEach((link, number) => bubble.append(linkButton(message, number, link.text)));
      } else if (message.type === "link") {
        bubble.append(linkButton(message, 0, message.text));
      } else {
        bubble.append(...richText(message));
      }
      return bubble;
    }

    function row(message) {
      const node = make("div", `row ${message.direction}`);
      const picture = message.direction === "sent" ? make("span", "avatar", data.name[0]) : make("span", "account-picture", "码");
      picture.style.setProperty("--hue", data.hue);
      node.append(picture, content(message));
      return node;
    }

    function stamp(message) {
      const time = Date.parse(message.time);
      if (time - lastTime < 300000) return null;
      lastTime = time;
      return make("p", "when", new Date(time).toLocaleString("zh-CN", { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: ZONE }));
    }

    function line(message) {
      if (message.direction === "system") return make("p", `notice ${message.type}`, message.text);
      if (message.type === "template") return card(message);
      if (message.type === "news") return news(message);
      if (message.type === "miniprogrampage") return miniCard(message);
      return row(message);
    }

    return { line, stamp };
  }

  return { ZONE, make, drawer };
})();
