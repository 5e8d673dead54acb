/** A barrel: its functions are found where they are defined. */
export { double, triple as thrice } from "./wire-functions.js";
