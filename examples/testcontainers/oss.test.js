// The emulator in a container, with testcontainers for Node.js: node --test
const assert = require("node:assert");
const test = require("node:test");
const { GenericContainer, Wait } = require("testcontainers");

test("the demo is served", async () => {
  const container = await new GenericContainer("oss-emulator:latest")
    .withExposedPorts(9000)
    .withWaitStrategy(Wait.forHttp("/_emulator/health", 9000))
    .start();
  const endpoint = `http://${container.getHost()}:${container.getMappedPort(9000)}`;
  const answer = await fetch(`${endpoint}/examplebucket/hello.txt`);
  assert.strictEqual(answer.status, 200);
  await container.stop();
});
