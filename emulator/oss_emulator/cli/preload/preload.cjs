// Makes Node.js connect to the emulator instead of hosts of OSS, because ali-oss ignores the proxy
// variables. `oss-emulator run` names this file in NODE_OPTIONS. All connections, also those with
// TLS, use Socket.connect; the host name that TLS expects does not change.
"use strict";

const net = require("node:net");
const { domainToASCII } = require("node:url");

const ALIBABA_CLOUD = /(^|\.)aliyuncs\.com[\s.]*$/i;
const OSS = /(^|[.-])oss[.-]/i;
const { OSS_EMULATOR_ENDPOINT: plain, OSS_EMULATOR_HTTPS_ENDPOINT: tls } = process.env;
// Without these variables, which a program may drop for its children, nothing is redirected.
const emulator = plain && tls ? { 80: new URL(plain), 443: new URL(tls) } : null;

function redirect(options) {
  const asked = options.host ?? "";
  const names = [asked, domainToASCII(asked)]; // look-ups accept names in any script
  if (!emulator || options.path || !names.some((name) => ALIBABA_CLOUD.test(name))) return options;
  const target = emulator[options.port];
  if (!target) {
    if (!names.some((name) => OSS.test(name))) return options; // for example a database
    throw new Error(`oss-emulator run redirects ports 80 and 443 of OSS, not ${asked}:${options.port}`);
  }
  const host = target.hostname.replace(/^\[|\]$/g, "");
  const port = target.port || (target.protocol === "https:" ? 443 : 80); // URL omits a default port
  return { ...options, host, port: Number(port), lookup: undefined };
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const [first, second] = given;
  if (Array.isArray(first)) {
    first[0] = redirect(first[0]); // net.connect has normalized its arguments
  } else if (first !== null && typeof first === "object") {
    given[0] = redirect(first);
  } else if (typeof second === "string") {
    given.splice(0, 2, redirect({ port: first, host: second }));
  }
  return connect.apply(this, given);
};
