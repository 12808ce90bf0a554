// Has Node.js connect to an emulator where a program asks for a host of OSS: ali-oss heeds no
// variables of proxies. `oss-emulator run` names this file in NODE_OPTIONS. Every connection, also
// that of TLS, is made by Socket.connect; the name that TLS expects stays what it was.
"use strict";

const net = require("node:net");

const OSS = /(^|\.)aliyuncs\.com\.?$/i;
const there = {
  80: new URL(process.env.OSS_EMULATOR_ENDPOINT),
  443: new URL(process.env.OSS_EMULATOR_HTTPS_ENDPOINT),
};

function leadThere(options) {
  const target = there[options.port];
  if (options.path || !target || !OSS.test(options.host ?? "")) return options;
  const host = target.hostname.replace(/^\[|\]$/g, "");
  return { ...options, host, port: Number(target.port), lookup: undefined };
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const [first, second] = given;
  if (Array.isArray(first)) {
    first[0] = leadThere(first[0]); // net.connect has put its arguments in order
  } else if (first !== null && typeof first === "object") {
    given[0] = leadThere(first);
  } else if (typeof second === "string") {
    given.splice(0, 2, leadThere({ port: first, host: second }));
  }
  return connect.apply(this, given);
};
