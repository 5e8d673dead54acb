/** The executor over many machines: see README.md. */
export {};
