import assert from "node:assert/strict";
import test from "node:test";
import { type Server, Session } from "../src/session";

/** A server as the library has it: stopping one that does not run is an error. */
class FakeServer implements Server {
  private running = false;

  constructor(
    private readonly command: string,
    private readonly events: string[],
  ) {}

  async start(): Promise<void> {
    await Promise.resolve();
    if (this.command === "missing") {
      throw new Error("spawn missing ENOENT");
    }
    this.running = true;
    this.events.push(`started ${this.command}`);
  }

  isRunning(): boolean {
    return this.running;
  }

  async stop(): Promise<void> {
    if (!this.running) {
      throw new Error("Client is not running");
    }
    await Promise.resolve();
    this.running = false;
    this.events.push(`stopped ${this.command}`);
  }
}

function session(): { events: string[]; tested: Session<FakeServer> } {
  const events: string[] = [];
  const tested = new Session(
    (command) => new FakeServer(command, events),
    (command, error) => events.push(`${command}: ${(error as Error).message}`),
  );
  return { events, tested };
}

test("a start that failed is told, and the next one works", async () => {
  const { events, tested } = session();
  assert.equal(await tested.start("missing"), undefined);
  assert.ok((await tested.start("good"))?.isRunning());
  await tested.stop();
  await tested.stop();
  assert.deepEqual(events, ["missing: spawn missing ENOENT", "started good", "stopped good"]);
});

test("starts at the same time come one after the other, and one server is left", async () => {
  const { events, tested } = session();
  const [first, second] = await Promise.all([tested.start("first"), tested.start("second")]);
  assert.ok(!first?.isRunning());
  assert.ok(second?.isRunning());
  assert.deepEqual(events, ["started first", "stopped first", "started second"]);
});

test("a server that ended by itself is no obstacle", async () => {
  const { events, tested } = session();
  await (await tested.start("first"))?.stop();
  await tested.start("second");
  assert.deepEqual(events, ["started first", "stopped first", "started second"]);
});
