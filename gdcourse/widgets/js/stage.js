// What most widgets are: a target, panels, controls in rows below them and a sentence, and a run that can be played.
// Where it is narrow the style sheet puts the controls and the sentence right below the first panel.

import { button, choice, slider } from "./controls.js";
import { h, set, unique } from "./dom.js";
import { columns } from "./panel.js";
import { playback } from "./playback.js";
import { sentence, session } from "./session.js";

// Its parts, besides domains, compute, numbers, revive, tolerance and met, which are those of a session:
//   share    the part of the width that the first panel has where there is room for two
//   frames   run => how many frames it can be played through, where it can; rest is the one it is shown at, if not the last
//   judge    run => looks at each new run, for the target
//   paint    () => draws the panels; tell () => the sentence; aim () => [what the target says, whether it is met]
export function stage(place, { share = 0.6, frames = () => 0, rest = frames, seconds, judge, paint, tell, aim, ...how }) {
  const live = sentence();
  const target = h("p", { class: "gdw-target" });
  const updates = [];
  const draw = (moving = false) => {
    self.room ??= columns(place.el, share); // which makes the browser lay out the page
    paint();
    for (const update of updates) update();
    live.say(tell(), moving);
    const [text, reached] = aim();
    if (target.textContent !== text) target.textContent = text;
    target.classList.toggle("gdw-met", reached);
  };
  const self = session(place, {
    ...how,
    changed: () => {
      judge?.(self.run);
      self.frame = rest(self.run);
      draw();
    },
  });
  const { change } = self;
  // Whether a reader has set anything; a link to a state counts. Nobody meets a target by opening the page.
  self.touched = Object.keys(how.domains).some((name) => name in (place.page?.settings ?? {}));
  self.change = (settings) => {
    self.player.pause();
    self.touched = settings !== self.opening;
    change(settings);
  };
  const show = (k, moving) => {
    self.frame = k;
    draw(moving);
  };
  self.player = playback(self, () => frames(self.run), show, seconds);
  // For those that have no player, which brings one.
  self.reset = h("div", { class: "gdw-buttons" }, button("Reset", () => self.change(self.opening)));
  // On a page, not in a kernel, a state has an address.
  const label = "Copy link to this state";
  const copied = async () => {
    try {
      await navigator.clipboard.writeText(self.link());
      copy.textContent = "Link copied";
    } catch {
      place.page.write(self.state);
      copy.textContent = "The link is in the address bar";
    }
    setTimeout(() => (copy.textContent = label), 3000);
  };
  const copy = place.page ? set(button(label, copied), { class: "gdw-copy", "aria-live": "polite" }) : "";
  // A control for a setting; it follows the setting from then on.
  self.slider = (name, label, { off, ...more } = {}) => {
    const [min, max, step] = how.domains[name];
    const one = slider({ label, name, min, max, step, show: String, input: (value) => self.change({ [name]: value }), ...more });
    updates.push(() => one.update(self.state[name], off?.()));
    return one;
  };
  self.choice = (name, label, options = titles(how.domains[name]), input = (value) => self.change({ [name]: value })) => {
    const one = choice({ label, name, options, input });
    updates.push(() => one.update(self.state[name]));
    return one;
  };
  // Put it all in its place: rows are lists of controls, or elements as they are. Returns how to take it away again.
  self.lay = (panels, ...rows) => {
    place.el.replaceChildren(
      target, h("div", { class: "gdw-panels" }, ...panels.map((one) => one.node)),
      ...rows.map((row) => (Array.isArray(row) ? h("div", { class: "gdw-row" }, ...row.map((one) => one.node ?? one)) : row)),
      live.node, copy, self.node,
    );
    live.node.id = unique("told");
    panels.at(-1).node.setAttribute("aria-describedby", live.node.id);
    self.open();
    const watcher = new ResizeObserver(() => {
      const { first } = self.room;
      self.room = columns(place.el, share);
      if (self.room.first !== first) draw();
    });
    watcher.observe(place.el);
    return () => {
      self.player.pause();
      watcher.disconnect();
      self.close();
    };
  };
  return self;
}

function titles(table) {
  return Object.fromEntries(Object.entries(table).map(([name, { title }]) => [name, title]));
}
