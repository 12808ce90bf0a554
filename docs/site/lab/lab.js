// `window.lab`: the commands of oss-emulator that need no server, run by Python in this browser.
//
// lab.ready              resolves when commands can run; rejects with a sentence that says why not
// lab.run(args, files)   runs a command line in a folder with these files:
//                        {status, stdout, stderr, files}
// lab.call(name, value)  does an action of oss_referer/page/actions.py
// lab.stop()             ends what Python is at work on; the questions reject, and it starts again
//
// Nothing is loaded from another host, and nothing is sent. What Python needs are scripts beside this
// one, in parts/, since a page that is opened from a disk may load scripts, but fetch no files.

(() => {
  "use strict";

  const NEWER = "open this page in a current Chrome, Edge, Firefox or Safari";
  const SCRIPTS = ["pyodide.js", "pyodide.asm.js"]; // of the worker
  const PARTS = [...SCRIPTS, "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip", "lab.zip"];
  const folder = new URL("parts/", document.currentScript.src).href;

  /** What a page can show: `message` is a sentence, and `code` says which one. */
  class LabError extends Error {
    constructor(code, message) {
      super(message);
      this.name = "LabError";
      this.code = code;
    }
  }

  const ERRORS = {
    "no-webassembly": () =>
      `This browser has no WebAssembly, or it is switched off; switch it on, or ${NEWER}.`,
    "old-browser": () => `This browser is too old to run Python; ${NEWER}.`,
    "broken-file": (name) =>
      `The file parts/${name}.js is missing or damaged; reload the page, or copy its folder again.`,
    forbidden: () =>
      "The server of this page forbids what Python needs; let its Content-Security-Policy allow " +
      "script-src 'self' 'wasm-unsafe-eval' and worker-src blob:, or open the page from a disk.",
    "not-started": (said) => `Python does not start here (${said}); reload the page, or ${NEWER}.`,
    stopped: () => "Python was stopped; ask again.",
    crashed: (said) => `Python failed (${said}); enter less, or try again.`,
    refused: (said) => said,
  };

  const fail = (code, said) => Object.assign(new LabError(code, ERRORS[code](said)), { said });

  // --- The parts: each script calls lab.part(name, text)

  const received = new Map();

  async function load(name) {
    const script = document.createElement("script");
    await new Promise((resolve) => {
      script.onload = script.onerror = resolve;
      script.src = `${folder}${name}.js`;
      document.head.append(script);
    }).catch(() => {
      throw fail("forbidden");
    });
    script.remove();
    const text = received.get(name);
    received.delete(name); // it is large
    if (text === undefined) throw fail("broken-file", name);
    return [name, text];
  }

  /** Unpack a part, here or in the worker. */
  async function unpack([name, base64]) {
    try {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const stream = new Response(bytes).body.pipeThrough(new DecompressionStream("gzip"));
      return [name, new Uint8Array(await new Response(stream).arrayBuffer())];
    } catch {
      throw { code: "broken-file", message: name };
    }
  }

  // --- The worker: its text is FIRST, that of Pyodide, `unpack` and `work`, which use nothing else.
  // From a disk, Safari lets a worker read no blob of its own, and import no module.

  /** Pyodide refuses a classic worker, which it recognises by importScripts; file: allows no other. */
  const FIRST = '"use strict"; self.importScripts = undefined;\n';

  function work() {
    const INDEX = "https://pyodide.invalid/"; // no host: `fetch` below answers for it

    /** Start Python, and return its module `runner`. */
    async function start(parts) {
      const files = new Map(await Promise.all(parts.map(unpack)));
      self.fetch = async (address) => {
        const name = String(address).replace(INDEX, "");
        if (!files.has(name)) throw new TypeError(`nothing is loaded from ${address}`);
        const type = name.endsWith(".wasm") ? "application/wasm" : "application/zip";
        return new Response(files.get(name), { headers: { "Content-Type": type } });
      };
      const pyodide = await loadPyodide({
        createPyodideModule: _createPyodideModule,
        indexURL: INDEX,
        packageBaseUrl: INDEX,
        lockFileContents: new TextDecoder().decode(files.get("pyodide-lock.json")),
        env: { HOME: "/home/lab", COLUMNS: "80" },
        stdout: () => {},
        stderr: () => {},
      });
      pyodide.unpackArchive(files.get("lab.zip"), "zip", { extractDir: "/lab" });
      pyodide.runPython("import sys; sys.path.insert(0, '/lab')");
      const found = pyodide.pyimport("runner");
      for (const folder of ["/lab", "/lib"]) found.protect(folder);
      pyodide.FS.ignorePermissions = false;
      return found;
    }

    let runner = null;

    const answers = {
      async start(parts) {
        try {
          runner = await start(parts);
        } catch (error) {
          throw error.code ? error : { code: "not-started", message: error.message };
        }
      },
      run: (asked) => JSON.parse(runner.run(asked)),
      call: (name, value) => JSON.parse(runner.call(name, value)),
    };

    self.onmessage = async ({ data: { id, name, given } }) => {
      try {
        self.postMessage({ id, value: await answers[name](...given) });
      } catch (error) {
        // A Python exception means that the input was wrong; any other error, that Python has crashed.
        const { code = error.type && error.type !== "MemoryError" ? "refused" : "crashed" } = error;
        const said = String(error.message).trim().split("\n").pop().replace(/^[\w.]+Error: /, "");
        self.postMessage({ id, code, said: said === "MemoryError" ? "out of memory" : said });
      }
    };
  }

  // --- Questions to the worker, and its answers

  const waiting = new Map();
  let worker = null;
  let asked = 0;
  let hasStarted = false; // whether Python has

  function ask(name, ...given) {
    return new Promise((resolve, reject) => {
      asked += 1;
      waiting.set(asked, { resolve, reject });
      worker.postMessage({ id: asked, name, given });
    });
  }

  function take({ data: { id, value, code, said } }) {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (code === undefined) resolve(value);
    else reject(fail(code, said));
    if (code === "crashed") restart(code, said);
  }

  function restart(code, said) {
    worker.terminate();
    hasStarted = false;
    for (const { reject } of waiting.values()) reject(fail(code, said));
    waiting.clear();
    started = start();
    started.catch(() => {});
  }

  /** Write a value as JSON, which passes into the worker. */
  function write(value) {
    try {
      return JSON.stringify(value);
    } catch (error) {
      throw fail("refused", error.message);
    }
  }

  async function start() {
    if (typeof WebAssembly !== "object") throw fail("no-webassembly");
    const needed = ["BigInt64Array", "DecompressionStream", "Worker"];
    if (!needed.every((name) => name in window) || !WebAssembly.Exception) throw fail("old-browser");
    try {
      new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)); // the smallest one
    } catch {
      throw fail("forbidden");
    }
    const parts = await Promise.all(PARTS.map(load));
    const scripts = await Promise.all(parts.splice(0, SCRIPTS.length).map(unpack)).catch(({ code, message }) => {
      throw fail(code, message);
    });
    const texts = [FIRST, ...scripts.flatMap(([, bytes]) => [bytes, "\n"]), `${unpack}\n(${work})();`];
    const script = URL.createObjectURL(new Blob(texts, { type: "text/javascript" }));
    worker = new Worker(script);
    worker.onmessage = take;
    const failure = new Promise((_, reject) => {
      worker.onerror = ({ message }) => reject(message ? fail("not-started", message) : fail("forbidden"));
    });
    await Promise.race([ask("start", parts), failure]);
    hasStarted = true;
    URL.revokeObjectURL(script);
  }

  window.lab = { part: (name, text) => received.set(name, text) };
  let started = start();
  started.catch(() => {}); // whoever asks for something gets the error
  Object.assign(window.lab, {
    ready: started,
    run: async (args, files = {}) => {
      const text = write({ args, files });
      return started.then(() => ask("run", text));
    },
    call: async (name, value = null) => {
      const text = write(value);
      return started.then(() => ask("call", name, text));
    },
    // What was asked before it has reached the worker by then.
    stop: () => {
      started.then(() => { if (hasStarted && waiting.size) restart("stopped"); }, () => {});
    },
  });
})();
