import assert from "node:assert/strict";
import { test } from "node:test";
import { readEvents } from "../src/sse.js";

async function read(bytes, size) {
  const chunks = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
  const events = [];
  await readEvents(ReadableStream.from(chunks), (name, data) => events.push([name, data]));
  return events;
}

const STREAM =
  'event: token\ndata: {"take": 0, "text": "Ein Füchslein 🦊"}\n\n' +
  ': a comment\r\n\r\nevent: token\r\ndata: {"take": 0,\r\ndata: "text": "\\n\\nDann"}\r\n\r\n' +
  'event: done\ndata: {"take": 0, "id": "abc", "tokens": 4, "finish_reason": "stop"}\n\n';

test("events are read however the bytes are cut, through emoji and line ends too", async () => {
  const bytes = new TextEncoder().encode(STREAM);
  for (const size of [1, 2, 3, 7, 64, bytes.length]) {
    assert.deepEqual(await read(bytes, size), [
      ["token", { take: 0, text: "Ein Füchslein 🦊" }],
      ["token", { take: 0, text: "\n\nDann" }],
      ["done", { take: 0, id: "abc", tokens: 4, finish_reason: "stop" }],
    ]);
  }
});

test("an event that was cut off is not delivered", async () => {
  const bytes = new TextEncoder().encode(STREAM.slice(0, -1));
  assert.equal((await read(bytes, 16)).length, 2);
});

test("what the listener throws ends the reading", async () => {
  const body = ReadableStream.from([new TextEncoder().encode(STREAM)]);
  await assert.rejects(
    readEvents(body, () => assert.fail("stop")),
    /stop/,
  );
});
