// Makes Node.js connect to the emulator instead of hosts of OSS, because ali-oss ignores the proxy
// variables. `oss-emulator run` names this file in NODE_OPTIONS. All connections, also those with
// TLS, use Socket.connect; the host name that TLS expects does not change. Look-ups of OSS fail,
// because a connection to their result would reach the service.
"use strict";

const dns = require("node:dns");
const net = require("node:net");
const { syncBuiltinESMExports } = require("node:module");
const { domainToASCII } = require("node:url");

const ALIBABA_CLOUD = /(^|\.)aliyuncs\.com[\s.]*$/i;
const OSS = /(^|[.-])oss[.-]/i;
const { OSS_EMULATOR_ENDPOINT: plain, OSS_EMULATOR_HTTPS_ENDPOINT: tls } = process.env;
// Without these variables, which a program may drop for its children, nothing is redirected.
const emulator = plain && tls ? { 80: new URL(plain), 443: new URL(tls) } : null;

function refusal(what) {
  return new Error(`oss-emulator run redirects ports 80 and 443 of OSS, not ${what}`);
}

function namesOf(asked) {
  const names = [asked, domainToASCII(asked)]; // look-ups accept names in any script
  return emulator ? names.filter((name) => ALIBABA_CLOUD.test(name)) : [];
}

function redirect(options) {
  const names = namesOf(String(options.host ?? ""));
  if (options.path || names.length === 0) return options;
  const target = emulator[options.port];
  if (!target) {
    if (!names.some((name) => OSS.test(name))) return options; // for example a database
    throw refusal(`${options.host}:${options.port}`);
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

for (const [owner, isPromised] of [
  [dns, false],
  [dns.Resolver.prototype, false],
  [dns.promises, true],
  [dns.promises.Resolver.prototype, true],
]) {
  for (const name of ["lookup", "resolve", "resolve4", "resolve6", "resolveAny"]) {
    const lookUp = owner[name];
    if (!lookUp) continue; // a Resolver has no lookup
    const refusing = function (asked, ...others) {
      if (!namesOf(String(asked ?? "")).some((found) => OSS.test(found))) {
        return lookUp.call(this, asked, ...others);
      }
      const error = refusal(`${asked} without a port`);
      if (isPromised) return Promise.reject(error);
      process.nextTick(others.at(-1), error);
    };
    // Also what `util.promisify` reads.
    owner[name] = Object.defineProperties(refusing, Object.getOwnPropertyDescriptors(lookUp));
  }
}
syncBuiltinESMExports();
