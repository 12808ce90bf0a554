// Says what to do where page.js or lab.js has not run: the browser is old, or the file is missing.
// So it uses only what every browser has.

(function () {
  var engine = document.getElementById("engine");
  if (engine.hasAttribute("data-started")) return;
  engine.textContent = engine.getAttribute("data-old");
  engine.className += " bad";
})();
