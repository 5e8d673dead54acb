/** Classes whose objects managers make, and tasks that use objects of managers. */
import { ProcessPoolExecutor, registerError } from "manyhands";
import type { Managed, ManagerDict, ManagerList } from "manyhands/multiprocessing";

export class OverdrawnError extends Error {
  readonly missing: number;
  constructor(missing: number) {
    super(`${missing} are missing`);
    this.missing = missing;
  }
}
registerError(OverdrawnError);

export class Account {
  #balance: number;

  constructor(balance: number) {
    if (balance < 0) throw new OverdrawnError(-balance);
    this.#balance = balance;
  }

  balance(): number {
    return this.#balance;
  }

  withdraw(amount: number): number {
    if (amount > this.#balance) throw new OverdrawnError(amount - this.#balance);
    this.#balance -= amount;
    return this.#balance;
  }

  async withdrawLater(amount: number): Promise<number> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.withdraw(amount);
  }

  /** Takes what it is asked for out of another account of the manager. */
  async takeFrom(other: Managed<Account>, amount: number): Promise<number> {
    await other.withdraw(amount);
    this.#balance += amount;
    return this.#balance;
  }

  pid(): number {
    return process.pid;
  }

  crash(): void {
    process.kill(process.pid, "SIGKILL");
  }

  _secret(): string {
    return "hidden";
  }
}

export function openAccount(balance: number): Account {
  return new Account(balance * 100);
}

export class Undeclared {}

export async function withdrawAll(account: Managed<Account>, amount: number): Promise<number> {
  let taken = 0;
  for (;;) {
    try {
      await account.withdraw(amount);
      taken += amount;
    } catch (error) {
      if (error instanceof OverdrawnError) return taken;
      throw error;
    }
  }
}

export async function count(dict: Managed<ManagerDict<string, number>>, key: string): Promise<void> {
  await dict.set(key, process.pid);
}

export async function countFromGrandchild(dict: Managed<ManagerDict<string, number>>, key: string): Promise<void> {
  await using pool = new ProcessPoolExecutor({ maxWorkers: 1 });
  await pool.submit(count, dict, key);
}

export async function appendEach(list: Managed<ManagerList<number>>, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await list.append(time);
}
