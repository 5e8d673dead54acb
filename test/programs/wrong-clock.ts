/** Loaded before an agent: its clock is an hour fast. */
const HOUR = 3_600_000;
const now = Date.now;
Date.now = () => now() + HOUR;
Object.defineProperty(performance, "timeOrigin", { value: performance.timeOrigin + HOUR });
