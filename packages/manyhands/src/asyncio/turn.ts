/** Which turn of the event loop this is, for what has to know whether two things happen in the same one.
 *
 *  Turns are counted only after somebody has asked: the count moves at the end of a turn in which it was looked at. */

let turn = 0;
let counting: "no" | "yes" = "no";

/** The number of this turn. */
export function thisTurn(): number {
  if (counting === "no") {
    counting = "yes";
    setImmediate(nextTurn);
  }
  return turn;
}

function nextTurn(): void {
  counting = "no";
  turn += 1;
}
