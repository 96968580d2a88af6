// Play, step, reset. Play shows one frame after another; where motion is not wanted it shows the last at once.

import { button } from "./controls.js";
import { h } from "./dom.js";

// last() is the last frame, show(k, moving) draws frame k of the story, which opens again by its change(opening).
export function playback(story, last, show, seconds = 4) {
  let timer = null;
  const still = () => globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
  const label = () => (play.textContent = timer === null ? "Play" : "Pause");
  const pause = () => {
    if (timer !== null) cancelAnimationFrame(timer);
    timer = null;
    label();
  };
  const start = () => {
    if (still()) return show(last());
    const first = story.frame < last() ? story.frame : 0;
    const pace = Math.max(last() / seconds, 8);
    let began = null;
    const tick = (now) => {
      began ??= now;
      const k = Math.min(last(), first + Math.floor(((now - began) / 1000) * pace));
      timer = k < last() ? requestAnimationFrame(tick) : null;
      if (k !== story.frame || !timer) show(k, Boolean(timer));
      if (!timer) label();
    };
    timer = requestAnimationFrame(tick);
    label();
  };
  const play = button("Play", () => (timer === null ? start() : pause(show(story.frame))));
  const step = button("Step", () => {
    pause();
    show(story.frame < last() ? story.frame + 1 : Math.min(1, last()));
  });
  const node = h("div", { class: "gdw-buttons" }, play, step, button("Reset", () => story.change(story.opening)));
  return { node, pause };
}
