// Play, step, reset. Play shows one frame after another; where motion is not wanted it shows the last at once.

import { button } from "./controls.js";
import { h } from "./dom.js";

// frames() is how many there are, show(k) draws frame k, reset() goes back to how the figure opened.
export function playback({ frames, frame, show, reset, seconds = 4 }) {
  let timer = null;
  const still = () => globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
  const label = () => {
    play.textContent = timer === null ? "Play" : "Pause";
    node.classList.toggle("gdw-playing", timer !== null);
  };
  const pause = () => {
    if (timer !== null) cancelAnimationFrame(timer);
    timer = null;
    label();
  };
  const start = () => {
    if (still()) return show(frames(), false);
    const first = frame() < frames() ? frame() : 0;
    const pace = Math.max(frames() / seconds, 8);
    let began = null;
    const tick = (now) => {
      began ??= now;
      const k = Math.min(frames(), first + Math.floor(((now - began) / 1000) * pace));
      const last = k === frames();
      timer = last ? null : requestAnimationFrame(tick);
      if (k !== frame() || last) show(k, !last);
      if (last) label();
    };
    timer = requestAnimationFrame(tick);
    label();
  };
  const play = button("Play", () => (timer === null ? start() : pause(show(frame(), false))));
  const step = button("Step", () => {
    pause();
    show(frame() < frames() ? frame() + 1 : Math.min(1, frames()), false);
  });
  const again = button("Reset", () => {
    pause();
    reset();
  });
  const node = h("div", { class: "gdw-buttons" }, play, step, again);
  return { node, pause };
}
