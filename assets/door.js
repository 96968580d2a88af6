// The front page's run: four points on y = 2x, a thousand steps, and the reader's own rate. The program is the one that
// many tutorials print; its numbers are those of the Python beside it.
(() => {
  "use strict"
  const hero = document.querySelector(".gd-hero")
  if (!hero) return
  const [x, y] = [hero.dataset.x, hero.dataset.y].map((list) => list.split(",").map(Number))
  const steps = Number(hero.dataset.steps)
  const find = (name) => hero.querySelector(name)
  const slider = find("input"), rateShown = find("output"), says = find(".gd-hero-says")
  const [LEFT, RIGHT, TOP, BOTTOM, LOW, HIGH] = [44, 300, 14, 188, -12, 3]  // as _ext/gdcourse_door.py has them

  // Every slope and intercept on the way.
  function run(rate) {
    const path = [[0, 0]]
    let [m, b] = path[0]
    for (let t = 0; t < steps; t++) {
      let up = 0, right = 0
      for (let k = 0; k < x.length; k++) {
        const error = m * x[k] + b - y[k]
        up += x[k] * error
        right += error
      }
      m -= rate * 2 * up / x.length
      b -= rate * 2 * right / x.length
      path.push([m, b])
    }
    return path
  }

  // The digits that are right, and those that are not: each decimal as it would be rounded there.
  function digits(slope) {
    const text = Math.abs(slope) < 1e7 ? slope.toFixed(5) : slope.toExponential(2).replace("e+", " · 10^")
    let good = -1
    while (good < 5 && slope.toFixed(good + 1) === (2).toFixed(good + 1)) good += 1
    const cut = good < 0 ? 0 : good === 5 ? text.length : text.indexOf(".") + 1 + good
    return [text.slice(0, cut), text.slice(cut)].map((part) => part.replace("-", "\u2212"))
  }

  const up = (value, low, high) => BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low)
  const near = (value) => Math.round(value * 10) / 10
  function draw(path, shown) {
    const [m, b] = path[shown]
    const clamp = (value) => Math.max(-1e4, Math.min(1e4, value))
    find(".gd-hero-line").setAttribute("points", [0, 5].map((at) =>
      `${LEFT + (RIGHT - LEFT) * at / 5},${near(up(clamp(m * at + b), 0, 10))}`).join(" "))
    const curve = []
    for (let t = 0; t <= shown; t += 4) {
      const error = Math.log10(Math.max(Math.abs(path[t][0] - 2), 1e-16))
      curve.push(`${near(LEFT + (RIGHT - LEFT) * t / steps)},${near(up(error, LOW, HIGH))}`)
      if (error > HIGH + 1) break
    }
    find(".gd-hero-curve").setAttribute("points", curve.join(" "))
    const [sure, wrong] = digits(m)
    find(".gd-hero-sure").textContent = sure
    find(".gd-hero-wrong").textContent = wrong
  }

  function sentence(rate, path) {
    const start = `${steps.toLocaleString("en")} steps at a rate of ${rate.toFixed(3)}: `
    const [sure, wrong] = digits(path[steps][0])
    if (Math.abs(path[steps][0] - 2) > 2) {
      return `${start}over the cliff. Every step overshoots by more than the one before.`
    }
    if (sure === "") return `${start}the line has hardly set out.`
    if (wrong) return `${start}the line looks done, and the marked digits are wrong.`
    let last = steps
    while (last > 0 && digits(path[last][0])[1] === "") last -= 1
    return `${start}all digits are right, and were from step ${last + 1} on.`
  }

  function show() {
    const rate = Number(slider.value), path = run(rate)
    rateShown.textContent = rate.toFixed(3)
    slider.setAttribute("aria-valuetext", rate.toFixed(3))
    draw(path, steps)
    says.textContent = sentence(rate, path)
    return path
  }

  let playing = 0
  slider.addEventListener("input", () => {
    cancelAnimationFrame(playing)
    show()
  })
  const path = show()
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return
  const LENGTH = 1800  // milliseconds; the steps come slowly at first, because the first ones do the most
  let began = null
  const frame = (now) => {
    began ??= now
    const share = Math.min((now - began) / LENGTH, 1)
    draw(path, Math.round(steps * share ** 3))
    if (share < 1) playing = requestAnimationFrame(frame)
  }
  playing = requestAnimationFrame(frame)
})()
