/** Sends back what it gets: what is measured is what data costs on the way. */
export function echo<T>(value: T): T {
  return value;
}

export default echo;
