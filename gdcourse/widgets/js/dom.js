// Elements in one call: h for HTML, s for SVG. An attribute of null is left out, one that is a function listens.

const SVG = "http://www.w3.org/2000/svg";

export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === null || value === undefined || value === false) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? "" : value);
  }
  return node;
}

function build(node, attributes, children) {
  set(node, attributes);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function h(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

export function s(tag, attributes = {}, ...children) {
  return build(document.createElementNS(SVG, tag), attributes, children);
}

let count = 0;

export function unique(prefix) {
  count += 1;
  return `gdw-${prefix}-${count}`;
}
