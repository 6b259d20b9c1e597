/** The settings of `acra doctor` beside those of the program that it looks at. */

import { defineSettings } from "../../config/mod.ts";

const MOST_ROWS = 1_000_000;

/** For either host. */
export const DOCTOR_SETTINGS = defineSettings([
  { name: "json", type: "boolean", default: false, help: "Print JSON in place of text" },
  {
    name: "running",
    type: "boolean",
    default: false,
    help: "The program has to run: that nobody listens is a finding then",
  },
]);

/** For the host of the server: what to look at inside the database. */
export const DATABASE_SETTINGS = defineSettings([
  {
    name: "columns",
    type: "string",
    default: "",
    help: "Protected columns that have to hold AcraStructs only: TABLE.COLUMN or SCHEMA.TABLE.COLUMN, with commas between",
  },
  {
    name: "connection_string",
    type: "string",
    default: "",
    help: "How to log in to the database: postgres://USER@HOST:PORT/DATABASE, or host=… user=… dbname=…; what is left out comes from db_host, db_port, PGUSER, PGPASSWORD and PGDATABASE",
  },
  {
    name: "sample_rows",
    type: "integer",
    default: 1000,
    help: "Most rows of a column that are looked at",
    validate: (rows) =>
      rows >= 1 && rows <= MOST_ROWS ? null : `has to be from 1 to ${MOST_ROWS}`,
  },
]);
