// The life of the language server: one start or stop after the other, and nothing left behind by a start that failed.
export interface Server {
  start(): Promise<void>;
  isRunning(): boolean;
  stop(): Promise<void>;
}

/** At most one server. `make` makes one for a command; `failed` learns why it did not start. */
export class Session<T extends Server> {
  private server: T | undefined;
  private waiting: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly make: (command: string) => T,
    private readonly failed: (command: string, error: unknown) => void,
  ) {}

  /** Stops the server that runs and starts another; the server, or undefined when it does not start. */
  start(command: string): Promise<T | undefined> {
    return this.next(async () => {
      await this.end();
      const server = this.make(command);
      try {
        await server.start();
      } catch (error) {
        this.failed(command, error);
        return undefined;
      }
      this.server = server;
      return server;
    });
  }

  stop(): Promise<void> {
    return this.next(() => this.end());
  }

  private next<R>(step: () => Promise<R>): Promise<R> {
    const done = this.waiting.then(step);
    this.waiting = done.catch(() => undefined);
    return done;
  }

  private async end(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (server?.isRunning()) {
      await server.stop().catch(() => undefined); // it has ended by itself meanwhile
    }
  }
}
