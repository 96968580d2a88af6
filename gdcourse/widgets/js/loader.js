// The published page: no kernel. Read the widget state that the notebook left in the page, and mount each widget
// when it comes near the viewport. If anything fails, the static figure stays and its host says why.

import { h } from "./dom.js";
import { VERSION } from "./version.js";

const STATE = "application/vnd.jupyter.widget-state+json";
const VIEW = "application/vnd.jupyter.widget-view+json";
const base = document.currentScript?.src ?? "";

// The page's address: an anchor of the page, and the settings of each figure that has been set,
// #sec-gd-step&widget=path&lr=0.1176&widget=modes&lr=1.9. Links to one state have no anchor, and lead to the figure.
function read() {
  const [anchor, ...states] = location.hash.slice(1).split(/(?:^|&)widget=/);
  const tables = states.map((state) => Object.fromEntries(new URLSearchParams(`widget=${state}`)));
  return [anchor, new Map(tables.map((settings) => [settings.widget, settings]))];
}

function hash(states, anchor = "") {
  const texts = [...states].map(([name, settings]) => new URLSearchParams({ widget: name, ...settings }).toString());
  return `#${[anchor, ...texts].filter(Boolean).join("&").replaceAll("%2C", ",")}`;
}

let kept = new Map(); // the settings of each figure, the one set last at the front
let timer = null;

function address(name) {
  return {
    settings: kept.get(name) ?? {},
    write: (settings) => {
      kept.delete(name);
      kept = new Map([[name, settings], ...kept]);
      clearTimeout(timer);
      timer = setTimeout(() => history.replaceState(history.state, "", hash(kept, read()[0])), 250);
    },
    link: (settings) => location.href.split("#")[0] + hash([[name, settings]]),
  };
}

// A classic script, because a page opened from a disk may not fetch modules.
const scripts = new Map();
function load(kind) {
  if (globalThis.gdcourse[`${kind}.js`]) return Promise.resolve();
  if (!scripts.has(kind)) {
    scripts.set(kind, new Promise((resolve, reject) => {
      const file = `widget-${kind}.js?v=${VERSION}`;
      const failed = ({ target }) => {
        target.remove();
        scripts.delete(kind); // so that it can be tried again
        reject(Object.assign(new Error(`${file} could not be loaded`), { again: true }));
      };
      document.head.append(h("script", { src: new URL(file, base || location.href).href, load: resolve, error: failed }));
    }));
  }
  return scripts.get(kind);
}

async function mount(host, state, name) {
  const { kind, version } = state.about;
  await load(kind);
  const module = globalThis.gdcourse[`${kind}.js`];
  if (version !== module.version) {
    throw new Error(`the page was made by version ${version} of this figure, its script is of version ${module.version}`);
  }
  const el = h("div", { class: "gdw" });
  const figure = host.querySelector(".gdw-static");
  host.append(el);
  try {
    if (figure) figure.hidden = true;
    // In place of a model: nobody is at the other end, so its settings are only read.
    const model = { get: (setting) => state[setting] };
    const close = module.render({ model, el, page: address(name) });
    host.dataset.mounted = "";
    return () => {
      close();
      el.remove();
    };
  } catch (error) {
    el.remove();
    if (figure) figure.hidden = false;
    throw error;
  }
}

// The reason is kept for whoever looks into the page; what did not arrive may arrive later.
function fail(host, error, open) {
  host.querySelector(".gdw-error")?.remove();
  host.dataset.error = error.message;
  const again = error.again ? h("button", { type: "button", click: () => open(true) }, "Try again") : null;
  host.append(h("p", { class: "gdw-error" }, "The live figure cannot be shown; this is a picture of it. ", again));
}

function start() {
  const states = {};
  for (const script of document.querySelectorAll(`script[type="${STATE}"]`)) {
    try {
      Object.assign(states, JSON.parse(script.textContent).state);
    } catch {
      // Its widgets are reported below, as not in the page.
    }
  }
  const seen = {};
  const hosts = new Map(); // by name: path, path-2
  for (const script of document.querySelectorAll(`script[type="${VIEW}"]`)) {
    const host = script.closest(".gdw-host") ?? script.parentElement;
    try {
      const { state } = states[JSON.parse(script.textContent).model_id] ?? {};
      if (!state) throw new Error("the state of this figure is not in the page");
      if (!state.about) continue; // somebody else's widget
      const { kind } = state.about;
      seen[kind] = (seen[kind] ?? 0) + 1;
      const name = seen[kind] > 1 ? `${kind}-${seen[kind]}` : kind;
      host.dataset.widget = name;
      let close = null;
      let busy = false;
      const open = async (focus) => {
        if (busy) return;
        busy = true;
        close?.();
        close = null;
        try {
          close = await mount(host, state, name);
          host.querySelector(".gdw-error")?.remove();
          delete host.dataset.error;
          if (focus === true) host.querySelector(".gdw :is(button, input, select)")?.focus();
        } catch (error) {
          fail(host, error, open);
        }
        busy = false;
      };
      addEventListener("online", () => host.querySelector(".gdw-error button") && open());
      hosts.set(name, { host, kind, open });
    } catch (error) {
      fail(host, error);
    }
  }
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      hosts.get(target.dataset.widget).open();
    }
  }, { rootMargin: "300px" });
  // A link to states, from elsewhere or from this page's own text. An anchor before them no browser finds by itself.
  const follow = () => {
    const [anchor, states] = read();
    const [name] = states.keys();
    const section = document.getElementById(anchor);
    kept = new Map([...states, ...[...kept].filter(([other]) => !states.has(other))]);
    if (name && section) section.scrollIntoView();
    else hosts.get(name)?.host.scrollIntoView({ block: "center" });
    return [...states.keys()].map((other) => hosts.get(other)).filter(Boolean);
  };
  addEventListener("hashchange", () => follow().forEach((wanted) => wanted.open()));
  // The script of the first to be seen comes while the page is laid out; what fails is said when it is mounted.
  const [first] = hosts.values();
  const soon = follow()[0] ?? first;
  if (soon) load(soon.kind).catch(() => {});
  for (const { host } of hosts.values()) watcher.observe(host);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
