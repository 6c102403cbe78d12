"use strict";
// The Mini Program tab: a small client of the application's /miniprogram/v1 alone, as one inside WeChat would be.
// What the service calls things stands in `API` and `read`; the pages below know only plain objects.
window.MiniProgram = (() => {
  const BASE = "/phone/mp/";
  const SUBSCRIBE = ["工单进度提醒"];
  const page = document.getElementById("mini-page");
  const title = document.getElementById("mini-title");
  const back = document.getElementById("mini-back");
  const home = document.body.dataset.miniName;
  const history = [];
  let token = null;
  let started = false;

  // ---- the service ----
  class Trouble extends Error {}

  async function call(method, path, { body, form, anonymous } = {}) {
    const headers = { accept: "application/json" };
    if (!anonymous) headers.authorization = `Bearer ${await login()}`;
    if (body) headers["content-type"] = "application/json";
    const answer = await fetch(BASE + path, { method, headers, body: form || (body && JSON.stringify(body)) });
    const result = await answer.json().catch(() => ({}));
    if (answer.status === 401 && !anonymous && token) {
      token = null;
      return call(method, path, { body, form });
    }
    if (!answer.ok) throw new Trouble(result.detail || result.title || `服务出错（${answer.status}）`);
    return result;
  }

  async function login() {
    if (!token) {
      const { js_code: code } = await window.Phone.control("login", {});
      const answer = await fetch(`${BASE}login`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code }) });
      const result = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Trouble(result.detail || result.title || "登录不成功");
      token = result.token || result.access_token;
    }
    return token;
  }

  const API = {
    villages: () => call("GET", "villages"),
    village: (code) => call("GET", `villages/${encodeURIComponent(code)}`),
    disclosures: (code) => call("GET", `villages/${encodeURIComponent(code)}/disclosures`),
    disclosure: (id) => call("GET", `disclosures/${encodeURIComponent(id)}`),
    complaints: () => call("GET", "complaints"),
    complaint: (id) => call("GET", `complaints/${encodeURIComponent(id)}`),
    file: (complaint) => call("POST", "complaints", { body: complaint, anonymous: complaint.anonymous }),
    rate: (id, score, reason) => call("POST", `complaints/${encodeURIComponent(id)}/rating`, { body: { score, reason } }),
    upload(file, anonymous) {
      const form = new FormData();
      form.append("file", file);
      return call("POST", "uploads", { form, anonymous });
    },
  };

  const first = (object, ...names) => names.map((name) => object?.[name]).find((value) => value !== undefined && value !== null && value !== "");
  const items = (answer) => (Array.isArray(answer) ? answer : first(answer, "items", "data", "results") || []);
  const read = {
    village: (raw) => ({ code: first(raw, "code", "village_code", "id"), name: first(raw, "name", "title"), town: first(raw, "town_name", "town", "parent_name") || "", categories: first(raw, "complaint_categories", "categories") }),
    disclosure: (raw) => ({ id: first(raw, "id", "number"), title: first(raw, "title", "name"), category: first(raw, "category_name", "category") || "", date: first(raw, "published_at", "published_on", "date") || "", body: first(raw, "body", "content", "text", "summary") || "" }),
    complaint: (raw) => ({ id: first(raw, "id", "number"), number: first(raw, "number", "id"), text: first(raw, "content", "text", "summary") || "", state: first(raw, "state_label", "status_label", "state_name", "state", "status") || "", due: first(raw, "due_on", "due_at", "promised_on", "deadline") || "", reply: first(raw, "reply", "answer") || "", receipt: first(raw, "receipt"), events: first(raw, "events", "timeline") || [], rateable: first(raw, "can_rate", "rateable"), rating: first(raw, "rating") }),
  };

  // ---- drawing ----
  const make = (tag, className, text) => window.Phone.make(tag, className, text);
  const day = (text) => (text ? new Date(text).toLocaleDateString("zh-CN") : "");

  function button(className, text, testid, onclick) {
    const node = make("button", className, text);
    node.type = "button";
    node.dataset.testid = testid;
    node.onclick = onclick;
    return node;
  }

  function entry(text, small, note, testid, onclick) {
    const node = button("mini-item", "", testid, onclick);
    const words = make("span", "", text);
    if (small) words.append(make("small", "", small));
    node.append(words);
    if (note) node.append(make("em", "", note));
    return node;
  }

  function list(nodes, empty) {
    const box = make("div", "mini-list");
    box.append(...(nodes.length ? nodes : [make("p", "mini-empty", empty)]));
    return box;
  }

  async function draw(name, builder) {
    title.textContent = name;
    back.hidden = history.length < 2;
    page.replaceChildren(make("p", "mini-empty", "加载中…"));
    try {
      page.replaceChildren(...(await builder()));
      page.scrollTop = 0;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const again = button("primary", "再试一次", "mini-retry", redraw);
      page.replaceChildren(make("p", "mini-empty", error.message), again);
    }
  }

  function go(view, ...args) {
    history.push([view, args]);
    return redraw();
  }

  function redraw() {
    const [view, args] = history[history.length - 1];
    return view(...args);
  }

  // ---- pages ----
  const villages = () => draw(home, async () => {
    const found = items(await API.villages()).map(read.village);
    const hero = make("div", "mini-hero");
    hero.append(make("b", "", "一村一码"), make("small", "", "看村务 · 提意见 · 查进度"));
    const mine = list([entry("我的反映", "进度和评价", "", "mini-mine", () => go(mineList))], "");
    return [hero, mine, make("h3", "", "选一个村"), list(found.map((item) => entry(item.name, item.town, "", "mini-village", () => go(village, item.code))), "还没有村社")];
  });

  const village = (code) => draw("村务公开", async () => {
    const [raw, published] = await Promise.all([API.village(code), API.disclosures(code)]);
    const here = read.village(raw);
    const hero = make("div", "mini-hero");
    hero.append(make("b", "", here.name), make("small", "", here.town));
    const actions = make("div", "mini-actions");
    actions.append(button("", "我要反映", "mini-complain", () => go(form, here)), button("", "我的反映", "mini-mine", () => go(mineList)));
    const rows = items(published).map(read.disclosure).map((item) => entry(item.title, [item.category, day(item.date)].filter(Boolean).join(" · "), "", "mini-disclosure", () => go(disclosure, item.id)));
    return [hero, actions, make("h3", "", "最新公开"), list(rows, "还没有公开的事项")];
  });

  const disclosure = (id) => draw("公开详情", async () => {
    const item = read.disclosure(await API.disclosure(id));
    const card = make("div", "mini-card");
    card.append(make("h3", "", item.title), make("small", "", [item.category, day(item.date)].filter(Boolean).join(" · ")), make("p", "mini-body", typeof item.body === "string" ? item.body : JSON.stringify(item.body, null, 1)));
    return [card];
  });

  const form = (here) => draw("我要反映", async () => {
    const card = make("form", "mini-card");
    card.dataset.testid = "mini-form";
    const text = make("textarea");
    text.required = true;
    text.placeholder = "什么事、在哪里、什么时候";
    text.dataset.testid = "mini-content";
    const file = make("input");
    Object.assign(file, { type: "file", accept: "image/*", multiple: true });
    file.dataset.testid = "mini-file";
    const hidden = make("input");
    hidden.type = "checkbox";
    hidden.dataset.testid = "mini-anonymous";
    const category = make("select");
    category.dataset.testid = "mini-category";
    for (const item of here.categories || []) category.append(new Option(item.name || item, item.code || item.id || item));
    const label = (words, node, className) => { const box = make("label", className, words); box.append(node); return box; };
    const photos = label("照片", make("span", "mini-photos", "＋ 选照片（可不传）"));
    photos.append(file);
    file.hidden = true;
    file.onchange = () => { photos.querySelector("span").textContent = file.files.length ? `已选 ${file.files.length} 张` : "＋ 选照片（可不传）"; };
    const check = make("label", "check");
    check.append(hidden, make("span", "", "匿名反映（请记好回执号）"));
    const send = make("button", "primary", "提交");
    send.dataset.testid = "mini-submit";
    card.append(...(category.length ? [label("类别", category)] : []), label("内容", text), photos, check, send);
    card.onsubmit = async (event) => {
      event.preventDefault();
      send.disabled = true;
      try {
        await submit(here, { category: category.value || null, content: text.value, anonymous: hidden.checked }, [...file.files]);
      } catch (error) {
        window.Phone.toast(error.message);
        send.disabled = false;
      }
    };
    return [make("h3", "", here.name), card];
  });

  async function submit(here, complaint, files) {
    const uploads = [];
    for (const file of files) uploads.push(first(await API.upload(file, complaint.anonymous), "id", "upload_id", "token"));
    const filed = read.complaint(await API.file({ village: here.code, uploads, ...complaint }));
    history.pop();
    await go(done, filed, complaint.anonymous);
  }

  const done = (filed, anonymous) => draw("已收到", async () => {
    const card = make("div", "mini-card");
    card.dataset.testid = "mini-done";
    card.append(make("b", "", "已经收到您的反映"));
    if (filed.number) card.append(make("small", "", `编号 ${filed.number}`));
    if (filed.due) card.append(make("small", "", `答复期限 ${day(filed.due)}`));
    if (filed.receipt) card.append(make("code", "mini-receipt", filed.receipt), make("small", "", "回执号只显示这一次，凭它查进度"));
    if (!anonymous) card.append(button("primary", "有进度时通知我", "mini-consent", consent));
    return [card, button("primary", "回到首页", "mini-home", reset)];
  });

  // What wx.requestSubscribeMessage does: a dialog, and each acceptance allows one message.
  async function consent(event) {
    event.target.disabled = true;
    try {
      await window.Phone.control("consent", { titles: SUBSCRIBE, accept: true });
      window.Phone.toast("有进度时会通知您");
    } catch (error) {
      window.Phone.toast(error.message);
    }
  }

  const mineList = () => draw("我的反映", async () => {
    const found = items(await API.complaints()).map(read.complaint);
    return [list(found.map((item) => entry(item.text.slice(0, 40) || item.number, item.number, item.state, "mini-complaint", () => go(complaint, item.id))), "还没有反映过事情")];
  });

  const complaint = (id) => draw("反映详情", async () => {
    const item = read.complaint(await API.complaint(id));
    const card = make("div", "mini-card");
    card.append(make("small", "", `${item.number} · ${item.state}`), make("p", "mini-body", item.text));
    if (item.due) card.append(make("small", "", `答复期限 ${day(item.due)}`));
    const nodes = [card];
    if (item.reply) nodes.push(replyCard(item.reply));
    if (item.events.length) nodes.push(timeline(item.events));
    if (item.rateable !== false && !item.rating && (item.reply || item.rateable)) nodes.push(rating(item));
    return nodes;
  });

  function replyCard(reply) {
    const card = make("div", "mini-card");
    card.append(make("b", "", "答复"), make("p", "mini-body", typeof reply === "string" ? reply : first(reply, "content", "text") || ""));
    return card;
  }

  function timeline(events) {
    const card = make("div", "mini-card");
    const steps = make("ul", "timeline");
    for (const event of events) {
      const step = make("li", "", first(event, "label", "text", "title", "kind") || "");
      step.append(make("small", "", day(first(event, "at", "time", "created_at"))));
      steps.append(step);
    }
    card.append(steps);
    return card;
  }

  function rating(item) {
    const card = make("div", "mini-card");
    const stars = make("div", "stars");
    const reason = make("textarea");
    reason.placeholder = "想说的话（不满意请写原因）";
    reason.dataset.testid = "mini-reason";
    let score = 0;
    for (let number = 1; number <= 5; number += 1) {
      stars.append(button("", "★", `mini-star-${number}`, () => {
        score = number;
        [...stars.children].forEach((star, at) => star.classList.toggle("on", at < number));
      }));
    }
    const send = button("primary", "提交评价", "mini-rate", async () => {
      if (!score) { window.Phone.toast("请点星星打分"); return; }
      try {
        await API.rate(item.id, score, reason.value);
        window.Phone.toast("谢谢您的评价");
        redraw();
      } catch (error) {
        window.Phone.toast(error.message);
      }
    });
    card.append(make("b", "", "您满意吗"), stars, reason, send);
    return card;
  }

  // ---- navigation ----
  function reset() {
    history.length = 0;
    return go(villages);
  }

  // A page path and scene, as a template message or a Mini Program code gives them.
  function open(target) {
    const query = new URLSearchParams([(target.page || "").split("?")[1] || "", target.scene || ""].filter(Boolean).join("&"));
    const scene = (target.scene || "").includes("=") ? "" : target.scene;
    const code = query.get("v") || query.get("village") || query.get("b") || (scene || "").split(":")[0];
    const id = query.get("id") || query.get("complaint");
    started = true;
    history.length = 0;
    history.push([villages, []]);
    if (id && /complaint|case/.test(target.page || "")) return go(complaint, id);
    if (id && /disclosure/.test(target.page || "")) return go(disclosure, id);
    if (code) return go(village, code);
    return redraw();
  }

  function show() {
    if (started) return;
    started = true;
    reset();
  }

  back.onclick = () => { history.pop(); redraw(); };
  return { show, open };
})();
