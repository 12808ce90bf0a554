// Makes Node.js connect to the emulator instead of hosts of OSS, because ali-oss ignores the proxy
// variables. `oss-emulator run` names this file in NODE_OPTIONS. All connections, also those with
// TLS, use Socket.connect; the host name that TLS expects does not change.
"use strict";

const net = require("node:net");
const { domainToASCII } = require("node:url");

const ALIBABA_CLOUD = /(^|\.)aliyuncs\.com[\s.]*$/i;
const OSS = /(^|[.-])oss[.-]/i;
const emulator = {
  80: new URL(process.env.OSS_EMULATOR_ENDPOINT),
  443: new URL(process.env.OSS_EMULATOR_HTTPS_ENDPOINT),
};

function redirect(options) {
  const asked = options.host ?? "";
  const names = [asked, domainToASCII(asked)]; // look-ups accept names in any script
  if (options.path || !names.some((name) => ALIBABA_CLOUD.test(name))) return options;
  const target = emulator[options.port];
  if (!target) {
    if (!names.some((name) => OSS.test(name))) return options; // for example a database
    throw new Error(`oss-emulator run redirects ports 80 and 443 of OSS, not ${asked}:${options.port}`);
  }
  const host = target.hostname.replace(/^\[|\]$/g, "");
  return { ...options, host, port: Number(target.port), lookup: undefined };
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
