/** How the values of a vector are read: each field of a case is named once, with its form. */

/** Reads one JSON value, or throws. */
export type Field<T> = (value: unknown) => T;

/** The fields of a case by their names. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** A case as its check sees it. */
export type Vector<F extends Fields> = { readonly [Name in keyof F]: ReturnType<F[Name]> };

/** Text. */
export const text: Field<string> = (value) => {
  if (typeof value !== "string") {
    throw new TypeError(`text wanted, not ${JSON.stringify(value)}`);
  }
  return value;
};

/** A number. */
export const number: Field<number> = (value) => {
  if (typeof value !== "number") {
    throw new TypeError(`a number wanted, not ${JSON.stringify(value)}`);
  }
  return value;
};

/** `true` or `false`. */
export const boolean: Field<boolean> = (value) => {
  if (typeof value !== "boolean") {
    throw new TypeError(`a boolean wanted, not ${JSON.stringify(value)}`);
  }
  return value;
};

/** Bytes in hexadecimal. */
export const hex: Field<Uint8Array> = (value) => Uint8Array.fromHex(text(value));

/** Bytes in standard base64. */
export const base64: Field<Uint8Array> = (value) => Uint8Array.fromBase64(text(value));

/** The UTF-8 bytes of a text. */
export const utf8: Field<Uint8Array> = (value) => new TextEncoder().encode(text(value));

/** Bytes in hexadecimal, or a pattern in hexadecimal repeated to a length. */
export const plaintext: Field<Uint8Array> = (value) => {
  if (typeof value === "string") {
    return hex(value);
  }
  const { repeat, length } = record({ repeat: hex, length: number })(value);
  return Uint8Array.from({ length }, (_, index) => repeat[index % repeat.length] ?? 0);
};

/** The field, or `null`. */
export function nullable<T>(field: Field<T>): Field<T | null> {
  return (value) => (value === null ? null : field(value));
}

/** The field, or nothing. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value) => (value === undefined ? undefined : field(value));
}

/** A list of such fields. */
export function list<T>(field: Field<T>): Field<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) {
      throw new TypeError("a list wanted");
    }
    return value.map(field);
  };
}

/** An object with exactly these fields: an unknown one or a missing one throws. */
export function record<F extends Fields>(fields: F): Field<Vector<F>> {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new TypeError("an object wanted");
    }
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(fields, name)) {
        throw new TypeError(`the unknown key "${name}"`);
      }
    }
    const entries = Object.entries(fields).map(([name, field]) => [
      name,
      named(name, field)((value as Record<string, unknown>)[name]),
    ]);
    return Object.fromEntries(entries) as Vector<F>;
  };
}

/** Information for the reader of the file, such as what the original answered; present or not. */
export const information: Field<undefined> = () => undefined;

function named<T>(name: string, field: Field<T>): Field<T> {
  return (value) => {
    try {
      return field(value);
    } catch (cause) {
      throw new TypeError(`Cannot read "${name}": ${String(cause)}`, { cause });
    }
  };
}
