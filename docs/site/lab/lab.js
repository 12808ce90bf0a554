// `window.lab`: the rule lab of oss-emulator, run by Python in this browser.
//
// lab.ready              resolves when commands can run, and rejects with one sentence that says why not
// lab.run(args, files)   runs a command line in a folder with these files: {status, stdout, stderr, files}
// lab.call(name, value)  asks an action of oss_emulator.lab.page.actions, as the page does
//
// Nothing is loaded from another host, and nothing is sent. Pyodide's files are scripts beside this
// one (parts/), because pages that are opened from a disk may not fetch files.

(() => {
  "use strict";

  const NEWER = "open this page in a current Firefox, Chrome, Edge or Safari";
  const PARTS = [
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "pyodide-lock.json",
    "python_stdlib.zip",
    "lab.zip",
  ];
  const here = new URL("parts/", document.currentScript.src).href;

  class LabError extends Error {
    constructor(code, message) {
      super(message);
      this.name = "LabError";
      this.code = code;
    }
  }

  const broken = (name) =>
    new LabError(
      "broken-file",
      `The file parts/${name}.js of the lab is missing or damaged; reload the page, or copy the whole folder again.`,
    );

  const received = new Map();

  function load(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${here}${name}.js`;
      script.onload = () => (received.has(name) ? resolve() : reject(broken(name)));
      script.onerror = () => reject(broken(name));
      document.head.append(script);
    }).then(() => {
      const text = received.get(name);
      received.delete(name);
      return [name, text];
    });
  }

  function check() {
    if (typeof WebAssembly !== "object") {
      throw new LabError(
        "no-webassembly",
        `This browser has no WebAssembly, or it is switched off; switch it on, or ${NEWER}.`,
      );
    }
    const needed = ["Worker", "DecompressionStream", "BigInt64Array"];
    if (needed.some((name) => !(name in window)) || !WebAssembly.Exception) {
      throw new LabError("old-browser", `This browser is too old for the lab; ${NEWER}.`);
    }
  }

  // The worker has this function as its whole text, so it uses nothing from outside of itself.
  function work() {
    const INDEX = "https://pyodide.invalid/"; // where Pyodide looks for its files: `fetch` below

    async function unpack(base64) {
      const binary = atob(base64);
      const bytes = new Uint8Array(binary.length);
      for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      return new Uint8Array(await new Response(stream).arrayBuffer());
    }

    async function unpackAll(parts) {
      const files = new Map();
      for (const [name, text] of parts) {
        try {
          files.set(name, await unpack(text));
        } catch {
          throw Object.assign(new Error(name), { code: "broken-file" });
        }
      }
      return files;
    }

    async function start(parts) {
      const files = await unpackAll(parts);
      const script = (name) =>
        URL.createObjectURL(new Blob([files.get(name)], { type: "text/javascript" }));
      self.importScripts = undefined; // Pyodide refuses classic workers, though it works in them
      const { loadPyodide } = await import(script("pyodide.mjs"));
      const { default: createPyodideModule } = await import(script("pyodide.asm.mjs"));
      self.fetch = async (url) => {
        const bytes = files.get(String(url).replace(INDEX, ""));
        if (!bytes) throw new TypeError("the lab loads nothing");
        const type = String(url).endsWith(".wasm") ? "application/wasm" : "application/zip";
        return new Response(bytes, { headers: { "Content-Type": type } });
      };
      const pyodide = await loadPyodide({
        indexURL: INDEX,
        lockFileContents: new TextDecoder().decode(files.get("pyodide-lock.json")),
        packageBaseUrl: INDEX,
        createPyodideModule,
        env: { HOME: "/home/lab", COLUMNS: "80" },
        stdout: () => {},
        stderr: () => {},
      });
      pyodide.unpackArchive(files.get("lab.zip"), "zip", { extractDir: "/lab" });
      pyodide.runPython("import sys; sys.path.insert(0, '/lab')");
      return pyodide.pyimport("runner");
    }

    let runner;
    const answers = {
      start: async (parts) => {
        runner = await start(parts);
      },
      run: (args, files) => JSON.parse(runner.run(JSON.stringify({ args, files }))),
      call: (name, value) => JSON.parse(runner.call(name, JSON.stringify(value ?? null))),
    };
    self.onmessage = async ({ data: { id, name, given } }) => {
      try {
        self.postMessage({ id, value: await answers[name](...given) });
      } catch (error) {
        self.postMessage({ id, code: error.code || "failed", message: String(error.message) });
      }
    };
  }

  const waiting = new Map();
  let worker = null;

  function ask(name, ...given) {
    return new Promise((resolve, reject) => {
      const id = waiting.size ? Math.max(...waiting.keys()) + 1 : 1;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, name, given });
    });
  }

  function answer({ data: { id, value, code, message } }) {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (code === undefined) resolve(value);
    else reject(code === "broken-file" ? broken(message) : new LabError(code, message));
  }

  async function start() {
    check();
    const parts = await Promise.all(PARTS.map(load));
    const text = new Blob([`(${work})();`], { type: "text/javascript" });
    worker = new Worker(URL.createObjectURL(text));
    worker.onmessage = answer;
    await ask("start", parts);
  }

  window.lab = { part: (name, text) => received.set(name, text) };
  const ready = start();
  ready.catch(() => {}); // whoever runs something gets the error
  Object.assign(window.lab, {
    ready,
    run: (args, files = {}) => ready.then(() => ask("run", args, files)),
    call: (name, value) => ready.then(() => ask("call", name, value)),
  });
})();
