/** Crawling and downloading, as programs and commands: see README.md. */
export {};
