// Makes the browser ask for the object of each cell, and tells when it has done so.

const settled = (target, good) => new Promise(resolve => {
  target.addEventListener(good, resolve, {once: true});
  target.addEventListener("error", resolve, {once: true});
});

function make(tag, attributes) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value) element.setAttribute(name, value);
  return element;
}

function add(tag, attributes, good = "load") {
  const element = make(tag, attributes);
  const end = settled(element, good);
  document.body.append(element);
  return end;
}

const message = number => new Promise(resolve => addEventListener("message", event => {
  if (event.data === number) resolve();
}));

const image = (number, url) =>
  `<img src="${url}" onload="parent.postMessage(${number},'*')" onerror="parent.postMessage(${number},'*')">`;

const shown = (number, url) => `${files.frame}&shows=${encodeURIComponent(url)}&as=${number}`;

function frame(number, attributes) {
  const end = message(number);
  document.body.append(make("iframe", attributes));
  return end;
}

function ask(worker, url) {
  return new Promise(resolve => {
    worker.onmessage = worker.onerror = resolve;
    worker.postMessage(url);
  });
}

const loaded = new Promise(resolve => addEventListener("load", resolve));
const fetching = "onmessage = e => fetch(e.data, {mode: 'no-cors'}).then(() => postMessage(0), () => postMessage(0))";

const ways = {
  "img": (n, url, policy) => add("img", {referrerpolicy: policy, src: url}),
  "img srcset": (n, url, policy) => add("img", {referrerpolicy: policy, srcset: `${url} 1x`}),
  "picture": (n, url, policy) => {
    const picture = make("picture", {}), img = make("img", {referrerpolicy: policy});
    const end = settled(img, "load");
    picture.append(make("source", {srcset: `${url} 1x`}), img);
    document.body.append(picture);
    return end;
  },
  "background in a style sheet": () => loaded,
  "background in a style element": () => loaded,
  "background in an inline style": () => loaded,
  "video": (n, url) => add("video", {preload: "auto", src: url}, "loadeddata"),
  "audio": (n, url) => add("audio", {preload: "auto", src: url}, "loadeddata"),
  "iframe": (n, url, policy) => add("iframe", {referrerpolicy: policy, src: url}),
  "object": (n, url) => add("object", {data: url}),
  "script": (n, url, policy) => add("script", {referrerpolicy: policy, src: url}),
  "fetch": (n, url, policy) =>
    fetch(url, {mode: "no-cors", referrerPolicy: policy}).then(() => 0, () => 0),
  "XMLHttpRequest": (n, url) => new Promise(resolve => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.onloadend = resolve;
    request.send();
  }),
  "link rel=prefetch": (n, url, policy) =>
    add("link", {rel: "prefetch", referrerpolicy: policy, href: url}),
  "worker script": (n, url) => {
    try {
      return settled(new Worker(url), "message");
    } catch {
      return null;  // of another origin
    }
  },
  "fetch in a worker": (n, url) => ask(new Worker(files.worker), url),
  "fetch in a blob: worker": (n, url) =>
    ask(new Worker(URL.createObjectURL(new Blob([fetching]))), url),
  "img in a srcdoc iframe": (n, url) => frame(n, {srcdoc: image(n, url)}),
  "img in an about:blank iframe": (n, url) => {
    const inner = make("iframe", {});
    document.body.append(inner);
    const img = inner.contentDocument.createElement("img");
    const end = settled(img, "load");
    img.src = url;
    inner.contentDocument.body.append(img);
    return end;
  },
  "img in a written about:blank iframe": (n, url) => {
    const inner = make("iframe", {}), end = message(n);
    document.body.append(inner);
    inner.contentDocument.write(image(n, url));
    inner.contentDocument.close();
    return end;
  },
  "img in a sandboxed iframe": (n, url) => frame(n, {sandbox: "allow-scripts", src: shown(n, url)}),
  "img in a sandboxed iframe with allow-same-origin": (n, url) =>
    frame(n, {sandbox: "allow-scripts allow-same-origin", src: shown(n, url)}),
  "img in a data: iframe": (n, url) =>
    frame(n, {src: "data:text/html," + encodeURIComponent(image(n, url))}),
  "img in a blob: iframe": (n, url) =>
    frame(n, {src: URL.createObjectURL(new Blob([image(n, url)], {type: "text/html"}))}),
};
ways["img by a redirect of the site"] = ways["img by a redirect of another site"] = ways["img"];
ways["img by a redirect of another site with unsafe-url"] = ways["img"];

// A blocked iframe has no event: it counts as blocked once a later one has loaded.
const framed = ["iframe", "object"];
const blocked = [];

const ends = cells.filter(([, way]) => way in ways).map(([number, way, url, policy, expected]) => {
  const end = ways[way](number, url, policy);
  if (expected || !framed.includes(way)) return end;
  blocked.push(end);
  return null;
});

window.done = Promise.all(ends)
  .then(() => add("iframe", {src: files.frame}))
  .then(() => true);

window.follow = number => {
  const [, way, url, policy, , rel] = cells.find(cell => cell[0] === number);
  const link = make("a", {href: url, referrerpolicy: policy, rel, target: "other"});
  if (way === "link with download") link.download = "";
  document.body.append(link);
  link.click();
};
