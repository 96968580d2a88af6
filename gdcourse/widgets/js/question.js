// A question: choices or a number, and the sentence that belongs to the answer.

import { h, unique } from "./dom.js";
import { sentence, session } from "./session.js";
import { RULES } from "./rules.js";

// 0.37, 0,37, 3.7e-1 or 37 %, but not 1,000, which is a thousand to one and one to another.
const NUMBER = /^(?![-+]?[1-9]\d{0,2},\d{3}(?!\d))([-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?)\s*(%?)$/;
const NATIVE = "all: revert; font: inherit; accent-color: var(--gdw-path); margin: 0 10px 0 0; flex: none;";
const OPTION = "display: flex; align-items: baseline; gap: 0; padding: 5px 0; white-space: normal; cursor: pointer;";

export function render({ model, el, page, python }) {
  const content = model.get("content");
  const { says, labels, numbers, tolerance } = content;
  const words = sentence();
  const name = unique("question");

  const judge = (given) => {
    if (labels) return labels.indexOf(given);
    const [, digits, percent] = given.trim().replace("−", "-").match(NUMBER) ?? [];
    const value = Number(digits?.replace(",", ".")) / (percent ? 100 : 1);
    if (!Number.isFinite(value)) return -1;
    const found = numbers.findIndex((wanted) => RULES.near(value, wanted, tolerance) === 1);
    return found < 0 ? says.length - 1 : found;
  };
  const draw = () => {
    const verdict = story.run.verdict;
    words.node.classList.toggle("gdw-met", verdict === 0);
    const nothing = story.state.given === "" ? "" : "A number is wanted, such as 0.25 or 25 %.";
    words.say(verdict < 0 ? nothing : `${verdict === 0 ? "Yes." : "No."} ${says[verdict]}`);
    fill();
  };
  const story = session(
    { model, page, python },
    {
      domains: { given: (value) => labels === undefined || labels.includes(value) },
      compute: ({ given }) => ({ status: "judged", verdict: judge(given) }),
      numbers: ({ verdict }) => [verdict],
      revive: ([[verdict]], status) => ({ status, verdict }),
      changed: () => draw(),
    },
  );

  let fill = () => {};
  const field = h("fieldset", { style: "all: revert; border: 0; margin: 0; padding: 0; min-width: 0;" });
  const legend = h("legend", { style: "all: revert; padding: 0; margin: 0 0 6px; font-size: 15px;" }, content.prompt);
  field.append(legend);
  if (labels) {
    const radios = [...labels].sort().map((label) => {
      const radio = h("input", { type: "radio", name, value: label, style: NATIVE, change: () => story.change({ given: label }) });
      field.append(h("label", { style: OPTION }, radio, label));
      return radio;
    });
    fill = () => radios.forEach((radio) => (radio.checked = radio.value === story.state.given));
  } else {
    const id = unique("number");
    const style = `${NATIVE} width: 9em; height: 32px; padding: 0 8px; color: inherit; background: none; border: 1px solid var(--gdw-quiet); border-radius: 4px;`;
    const box = h("input", { type: "text", inputmode: "decimal", id, autocomplete: "off", style, keydown: (event) => event.key === "Enter" && story.change({ given: box.value }) });
    const check = h("button", { type: "button", style: "flex: none;", click: () => story.change({ given: box.value }) }, "Check");
    field.append(h("div", { style: "display: flex; align-items: center;" }, h("label", { for: id, style: "margin-right: 10px;" }, "Your number"), box, check));
    fill = () => {
      if (document.activeElement !== box) box.value = story.state.given;
    };
  }
  words.node.style.cssText = "margin: 8px 0 0; min-height: 1.5em;";
  story.node.style.margin = "0";
  el.append(field, words.node, story.node);
  story.open();
  return () => story.close();
}
