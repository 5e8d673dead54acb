/** The token of a call in a process: the generation of its slot, and whether the call must be claimed.
 *
 *  A call handed to an idle worker is firm: it starts as soon as it arrives, so the two system calls of a claim are
 *  saved. All others can be taken back. */
const FIRM = 256;

export function processToken(generation: number, claim: "firm" | "claimable"): number {
  return claim === "firm" ? generation | FIRM : generation;
}

export function isFirm(token: number): boolean {
  return (token & FIRM) !== 0;
}

export function callGeneration(token: number): number {
  return token & 255;
}
