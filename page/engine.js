// The page's one Python. It is started when something is first run, and replaced when it was stopped or has broken.

const SCRIPT = document.currentScript.src
const BASE = new URL("../python/", SCRIPT).href
const FROM_DISK = location.protocol === "file:"

const STOPPED = new Error("Python starts anew with the next Run.")

// Run a script of the site's once, however often it is asked for; what did not arrive may be tried again.
const scripts = new Map()
function load(address) {
  if (!scripts.has(address)) {
    scripts.set(address, new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: address, onload: resolve })
      script.onerror = () => {
        scripts.delete(address)
        script.remove()
        reject(new Error("A file of this site did not arrive. Is the network there? Press the button once more to try again."))
      }
      document.head.append(script)
    }))
  }
  return scripts.get(address)
}

const engine = (() => {
  let worker = null, ready = null, count = 0, life = begin()
  const waiting = new Map()  // {id: {resolve, reject, hear}}
  const packed = {}
  globalThis.gdcourseFile = (name, text) => { packed[name] = text }

  async function bytes(name) {
    if (!packed[name]) await load(`${BASE}offline/${name}.js`)
    const letters = atob(packed[name]), raw = new Uint8Array(letters.length)
    for (let at = 0; at < raw.length; at += 1) raw[at] = letters.charCodeAt(at)
    return name.endsWith(".zip") ? raw : new Uint8Array(await new Response(
      new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer())
  }

  async function bring(name) {
    const asked = worker, given = await bytes(name)
    asked.postMessage({ kind: "file", name, bytes: given }, [given.buffer])
  }

  // One life of Python, from its start to its end, which all that wait for it hear of.
  function begin() {
    let end = null
    const over = new Promise((_, reject) => { end = reject })
    over.catch(() => {})
    return { over, end }
  }

  function discard(reason) {
    life.end(reason)
    life = begin()
    worker?.terminate()
    worker = ready = null
    for (const { reject } of waiting.values()) reject(reason)
    waiting.clear()
  }

  function ended(last) {
    const missing = /TypeError: (Failed to fetch|NetworkError|Load failed|[\w.]+: \d)|failed to load/i.test(last)
    discard(new Error(missing
      ? "A file of this site did not arrive. Is the network there? Press the button once more to try again."
      : `Python has ended, perhaps for want of memory; the next Run starts it anew. ${last}`.trim()))
  }

  function hear({ data: { id, kind, ...more } }) {
    if (kind === "need") return bring(more.name).catch(discard)
    if (kind === "broken") return ended(`It said: ${more.text}`)
    const one = waiting.get(id)
    if (kind === "step" || kind === "begun") one?.hear({ kind, text: more.text })
    if (kind === "record") one?.hear(more.record)
    if (kind === "again") one?.hear({ kind: "again" })
    if (kind === "done") {
      waiting.delete(id)
      one?.resolve(more.result)
    }
  }

  function send(kind, more, hear) {
    return new Promise((resolve, reject) => {
      waiting.set(++count, { resolve, reject, hear })
      worker.postMessage({ id: count, kind, ...more })
    })
  }

  async function start(hearOne) {
    hearOne({ kind: "step", text: "Fetching Python from this site, nine megabytes, and starting it" })
    const mine = life
    const first = FROM_DISK ? [await bytes("pyodide.js"), "\n", await bytes("pyodide.asm.js"), "\n"] : []
    if (mine !== life) throw STOPPED
    worker = new Worker(URL.createObjectURL(new Blob([...first, WORKER], { type: "text/javascript" })))
    worker.onmessage = hear
    worker.onerror = (event) => {
      event.preventDefault()
      ended(event.message ?? "")
    }
    return send("start", { base: FROM_DISK ? "file:///python/" : BASE, fromDisk: FROM_DISK }, hearOne)
  }

  return {
    // Ask for a cell to be run ("run") or a function to be checked ("check"). hear is told each record on the way.
    async ask(what, message, hearOne) {
      const mine = life
      ready ??= start(hearOne).catch((error) => {
        if (mine === life) discard(error)
        throw error
      })
      await Promise.race([ready, mine.over])
      if (mine !== life) await mine.over
      hearOne({ kind: "step", text: "Waiting for what runs" })
      return send("ask", { what, message }, hearOne)
    },
    stop() {
      discard(STOPPED)
    },
  }
})()
