"use strict";
// The Mini Program tab: a small client of the application's /miniprogram/v1 alone, as one inside WeChat would be.
// What it calls stands in `API`.
window.MiniProgram = (() => {
  const BASE = "/phone/mp/";
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
      token = result.token;
    }
    return token;
  }

  const path = encodeURIComponent;
  const nobody = { anonymous: true };
  const API = {
    villages: async () => (await call("GET", "villages")).towns.flatMap(({ town, villages }) => villages.map((item) => ({ ...item, town }))),
    village: (code, scene) => call("GET", `villages/${path(code)}${scene ? `?scene=${path(scene)}` : ""}`),
    disclosures: async (code) => (await call("GET", `villages/${path(code)}/disclosures`)).items,
    disclosure: (id) => call("GET", `disclosures/${path(id)}`),
    categories: () => call("GET", "complaint-categories"),
    officers: (code) => call("GET", `villages/${path(code)}/officers`),
    complaints: async () => (await call("GET", "complaints")).items,
    complaint: (id) => call("GET", `complaints/${path(id)}`),
    file: (body) => call("POST", "complaints", { body }),
    rate: (id, body) => call("POST", `complaints/${path(id)}/rating`, { body }),
    formToken: async () => (await call("GET", "anonymous/form-token", nobody)).form,
    fileAnonymously: (body) => call("POST", "anonymous/complaints", { body, ...nobody }),
    status: (receipt) => call("POST", "anonymous/status", { body: { receipt }, ...nobody }),
    rateAnonymously: (receipt, body) => call("POST", "anonymous/rating", { body: { receipt, ...body }, ...nobody }),
    templates: () => call("GET", "subscriptions/templates"),
    consented: (results) => call("POST", "subscriptions", { body: { results } }),
    async upload(file, anonymous) {
      const form = new FormData();
      form.append("file", file);
      return (await call("POST", anonymous ? "anonymous/uploads" : "uploads", { form, anonymous })).token;
    },
  };

  // ---- drawing ----
  const make = (tag, className, text) => window.Phone.make(tag, className, text);
  const day = (text) => (text ? new Date(text).toLocaleDateString("zh-CN", { year: "numeric", month: "long", day: "numeric", timeZone: window.PhoneMessages.ZONE }) : "");

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
    const found = await API.villages();
    const hero = make("div", "mini-hero");
    hero.append(make("b", "", "一村一码"), make("small", "", "看村务 · 提意见 · 查进度"));
    const mine = list([entry("我的反映", "进度和评价", "", "mini-mine", () => go(mineList)), entry("匿名查询", "用查询码看进度", "", "mini-status", () => go(status))], "");
    return [hero, mine, make("h3", "", "选一个村"), list(found.map((item) => entry(item.name, item.town, "", "mini-village", () => go(village, item.code))), "还没有村社")];
  });

  const village = (code, scene) => draw("村务公开", async () => {
    history[history.length - 1] = [village, [code]]; // coming back is no second scan
    const [{ village: here }, published] = await Promise.all([API.village(code, scene), API.disclosures(code)]);
    const hero = make("div", "mini-hero");
    hero.append(make("b", "", here.name), make("small", "", here.town));
    const actions = make("div", "mini-actions");
    actions.append(button("", "我要反映", "mini-complain", () => go(form, here)), button("", "我的反映", "mini-mine", () => go(mineList)));
    const rows = published.map((item) => entry(item.title, `${item.category_name} · ${day(item.published_on)}`, "", "mini-disclosure", () => go(disclosure, item.id)));
    return [hero, actions, make("h3", "", "最新公开"), list(rows, "还没有公开的事项")];
  });

  const disclosure = (id) => draw("公开详情", async () => {
    const item = await API.disclosure(id);
    const card = make("div", "mini-card");
    card.append(make("h3", "", item.title), make("small", "", `${item.category_name} · ${day(item.published_on)}`));
    if (item.withdrawn_because) card.append(make("p", "mini-body", `已撤回：${item.withdrawn_because}`));
    if (item.summary) card.append(make("p", "mini-lead", item.summary));
    card.append(figures(item.figures));
    if (item.body) card.append(make("p", "mini-body", item.body));
    if (item.table.columns) card.append(table(item.table));
    card.append(...pictures(item.files));
    return [card];
  });

  function figures(found) {
    const box = make("div", "mini-figures");
    for (const [name, value] of Object.entries(found)) {
      const figure = make("div");
      figure.append(make("b", "", value), make("small", "", name));
      box.append(figure);
    }
    return box;
  }

  function table({ columns, rows }) {
    const box = make("div", "mini-table");
    const grid = make("table");
    const line = (cells, tag) => { const row = make("tr"); row.append(...cells.map((cell) => make(tag, /^[\d,.]+$/.test(cell) ? "number" : "", cell))); return row; };
    grid.append(line(columns, "th"), ...rows.map((cells) => line(cells, "td")));
    box.append(grid);
    return box;
  }

  function pictures(files) {
    return files.filter((file) => (file.media_type || "").startsWith("image/")).map((file) => {
      const image = make("img", "mini-picture");
      image.src = BASE + file.path;
      image.alt = file.name;
      return image;
    });
  }

  const form = (here) => draw("我要反映", async () => {
    const [categories, officers, token] = await Promise.all([API.categories(), API.officers(here.code), API.formToken()]);
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
    for (const item of categories) category.append(new Option(`${item.name}（${item.finish_days} 个工作日内答复）`, item.code));
    const about = make("select");
    about.dataset.testid = "mini-about";
    about.append(new Option("不涉及具体的人", ""), ...officers.map((item) => new Option(`${item.name}（${item.place}${item.role_name}）`, item.id)));
    const label = (words, node, className) => { const box = make("label", className, words); box.append(node); return box; };
    const photos = label("照片", make("span", "mini-photos", "＋ 选照片（可不传）"));
    photos.append(file);
    file.hidden = true;
    file.onchange = () => { photos.querySelector("span").textContent = file.files.length ? `已选 ${file.files.length} 张` : "＋ 选照片（可不传）"; };
    const check = make("label", "check");
    check.append(hidden, make("span", "", "匿名反映（请记好查询码）"));
    const send = make("button", "primary", "提交");
    send.dataset.testid = "mini-submit";
    card.append(label("类别", category), label("反映对象（不会经手这件事）", about), label("内容", text), photos, check, send);
    card.onsubmit = async (event) => {
      event.preventDefault();
      send.disabled = true;
      try {
        await submit({ village: here.code, category: category.value, content: text.value, about: about.value ? [about.value] : [] }, [...file.files], hidden.checked && token);
      } catch (error) {
        window.Phone.toast(error.message);
        send.disabled = false;
      }
    };
    return [make("h3", "", here.name), card];
  });

  async function submit(complaint, files, form) {
    const uploads = [];
    for (const file of files) uploads.push(await API.upload(file, Boolean(form)));
    const body = { ...complaint, uploads };
    const filed = form ? await API.fileAnonymously({ ...body, form }) : await API.file(body);
    history.pop();
    await go(done, filed, Boolean(form));
  }

  const done = (filed, anonymous) => draw("已收到", async () => {
    const card = make("div", "mini-card");
    card.dataset.testid = "mini-done";
    card.append(make("b", "", "已经收到您的反映"));
    card.append(make("small", "", `编号 ${filed.number}`), make("small", "", `${day(filed.promised_on)} 前答复`));
    if (filed.receipt) card.append(make("code", "mini-receipt", filed.receipt), make("small", "", "查询码只显示这一次，凭它查进度、补充和评价"));
    if (!anonymous) card.append(button("primary", "有进度时通知我", "mini-consent", consent));
    return [card, button("quiet", "回到首页", "mini-home", reset)];
  });

  // What wx.requestSubscribeMessage does: a dialog, and each acceptance allows one message.
  async function consent(event) {
    event.target.disabled = true;
    try {
      const ids = (await API.templates()).map((item) => item.template_id);
      if (!ids.length) throw new Trouble("小程序还没有配置订阅消息");
      await window.Phone.control("consent", { template_ids: ids, accept: true });
      await API.consented(Object.fromEntries(ids.map((id) => [id, "accept"])));
      window.Phone.toast("有进度时会通知您");
    } catch (error) {
      window.Phone.toast(error.message);
    }
  }

  const mineList = () => draw("我的反映", async () => {
    const found = await API.complaints();
    return [list(found.map((item) => entry(item.beginning, item.number, item.state_name, "mini-complaint", () => go(complaint, item.id))), "还没有反映过事情")];
  });

  const complaint = (id) => draw("反映详情", async () => details(await API.complaint(id), (body) => API.rate(id, body)));

  const status = () => draw("匿名查询", async () => {
    const card = make("form", "mini-card");
    const typed = make("input");
    typed.placeholder = "16 位查询码";
    typed.dataset.testid = "mini-receipt-typed";
    const send = make("button", "primary", "查询");
    send.dataset.testid = "mini-status-submit";
    card.append(typed, send);
    card.onsubmit = (event) => { event.preventDefault(); go(anonymous, typed.value); };
    return [card];
  });

  const anonymous = (receipt) => draw("匿名反映", async () => details(await API.status(receipt), (body) => API.rateAnonymously(receipt, body)));

  function details(item, rate) {
    const card = make("div", "mini-card");
    card.append(make("small", "", `${item.number} · ${item.state_name} · ${item.level_name}`), make("p", "mini-body", item.content));
    card.append(...pictures(item.files), make("small", "", `${day(item.promised_on)} 前答复`));
    return [card, timeline(item.steps), ...(item.can_rate ? [rating(rate)] : [])];
  }

  function timeline(steps) {
    const card = make("div", "mini-card");
    const box = make("ul", "timeline");
    for (const { who, text, at, files } of steps) {
      const step = make("li", "", text);
      step.append(make("small", "", `${who} · ${day(at)}`), ...pictures(files));
      box.append(step);
    }
    card.append(box);
    return card;
  }

  function rating(rate) {
    const card = make("div", "mini-card");
    const reason = make("textarea");
    reason.placeholder = "想说的话（不满意请写原因）";
    reason.dataset.testid = "mini-reason";
    const choices = [["satisfied", "满意"], ["partly", "基本满意"], ["unsatisfied", "不满意"]];
    const buttons = choices.map(([satisfaction, words]) => button("primary", words, `mini-rate-${satisfaction}`, async () => {
      try {
        await rate({ satisfaction, reason: reason.value });
        window.Phone.toast("谢谢您的评价");
        redraw();
      } catch (error) {
        window.Phone.toast(error.message);
      }
    }));
    card.append(make("b", "", "您满意吗"), reason, ...buttons);
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
    const followed = (query.get("to") || "").match(/\/my\/([^/?#]+)/); // what a subscribe message is about
    const id = query.get("id") || query.get("number");
    started = true;
    history.length = 0;
    history.push([villages, []]);
    if (followed) return go(complaint, followed[1]);
    if (id && /complaint|case/.test(target.page || "")) return go(complaint, id);
    if (id && /disclosure/.test(target.page || "")) return go(disclosure, id);
    if (code) return go(village, code, scene);
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
