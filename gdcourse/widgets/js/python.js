// Python, where there is a kernel: it is asked for the numbers that the figure has just computed.

// Keep a session and Python in step: the settings both ways, and the numbers compared, with a sign that says so.
export function conversation(model, self, { names, current, numbers, revive, changed, update, tolerance }) {
  const sign = (text) => (self.node.textContent = text);
  const count = (name, by) => (self.node.dataset[name] = Number(self.node.dataset[name] ?? 0) + by);
  const heard = ({ status, error }, arrays) => {
    if (error) return sign(`Python: ${error}`);
    const mine = numbers(self.run);
    const others = arrays.flatMap((array) => [...array]);
    const differs = differing(mine, others, tolerance);
    count("compared", 1);
    count("differing", differs);
    if (differs === 0 && status === self.run.status) {
      return sign(`Python agrees: ${mine.length} numbers, ${tolerance ? "to " + tolerance : "every bit the same"}.`);
    }
    self.run = revive(arrays, status);
    changed();
    return sign(`Python differs in ${differs} of ${others.length} numbers; those of Python are shown.`);
  };
  const waiting = () => sign("Python does not answer; this figure goes on by itself.");
  const line = courier(model, { heard, waiting });
  let saving = null;
  const save = () => {
    for (const name of names) model.set(name, self.state[name]);
    model.save_changes();
  };
  const follow = () => {
    if (JSON.stringify(current()) === JSON.stringify(self.state)) return;
    Object.assign(self.state, current());
    update();
    line.ask(self.state);
  };
  for (const name of names) model.on(`change:${name}`, follow);
  return {
    ask: (changed) => {
      line.ask(self.state);
      clearTimeout(saving);
      if (changed) saving = setTimeout(save, 400);
    },
    close: () => {
      clearTimeout(saving);
      line.close();
      for (const name of names) model.off(`change:${name}`, follow);
    },
  };
}

// One question is in flight; of those that come up meanwhile only the newest is asked; an answer to a question
// that is no longer the newest is dropped. A question without an answer is given up after some seconds.
function courier(model, { heard, waiting, seconds = 4 }) {
  let asked = 0;
  let flying = null;
  let next = null;
  let timer = null;
  const giveUp = () => {
    flying = null;
    waiting();
    send();
  };
  const send = () => {
    if (flying || !next) return;
    flying = next;
    next = null;
    timer = setTimeout(giveUp, seconds * 1000);
    try {
      model.send({ type: "question", ...flying });
    } catch {
      clearTimeout(timer);
      flying = null;
      waiting();
    }
  };
  const receive = (message, buffers = []) => {
    if (message?.type !== "answer") return;
    if (flying?.id === message.id) {
      clearTimeout(timer);
      flying = null;
    }
    if (message.id === asked) heard(message, buffers.map(doubles));
    send();
  };
  model.on("msg:custom", receive);
  return {
    ask: (question) => {
      asked += 1;
      next = { id: asked, question: { ...question } };
      send();
    },
    close: () => {
      clearTimeout(timer);
      model.off("msg:custom", receive);
    },
  };
}

function doubles(buffer) {
  const bytes = new Uint8Array(buffer.buffer ?? buffer, buffer.byteOffset ?? 0, buffer.byteLength);
  return new Float64Array(bytes.slice().buffer);
}

// How many doubles differ in any bit, or by more than the tolerance where there is one; a missing one differs.
function differing(mine, others, tolerance) {
  const a = new BigUint64Array(Float64Array.from(mine).buffer);
  const b = new BigUint64Array(Float64Array.from(others).buffer);
  const near = (k) => Math.abs(mine[k] - others[k]) <= tolerance * Math.max(1, Math.abs(others[k]));
  let count = Math.abs(a.length - b.length);
  for (let k = 0; k < Math.min(a.length, b.length); k += 1) count += a[k] !== b[k] && !(tolerance && near(k));
  return count;
}
