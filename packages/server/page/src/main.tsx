/** Starts the page. */
import { render } from "preact";
import { takeTokenFromAddress } from "./live/place.js";
import { Page } from "./page.js";
import { connection, keepSteady } from "./state.js";

// Before anything else: an address is copied, sent to others, and kept in the history.
takeTokenFromAddress();
keepSteady();
connection.connect();
const place = document.getElementById("page");
if (place !== null) render(<Page />, place);
