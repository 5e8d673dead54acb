/** One table for all lists of the page: a caption, columns that can be sorted, a frame that scrolls by itself. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";

export interface Column<Row> {
  readonly title: string;
  /** What the title leaves out. */
  readonly hint?: string;
  readonly kind?: "text" | "number" | "action";
  cell(row: Row): ComponentChildren;
  /** By what rows are sorted; without it they cannot be by this column. */
  order?(row: Row): number | string;
}

interface TableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  keyOf(row: Row): string | number;
  /** What stands there when there are no rows. */
  readonly empty: string;
  readonly name?: string;
}

interface Order {
  readonly column: number;
  readonly way: "ascending" | "descending";
}

export function DataTable<Row>({ caption, columns, rows, keyOf, empty, name }: TableProps<Row>): VNode {
  const order = useSignal<Order | undefined>(undefined);
  const sortBy = (column: number): void => {
    const { value } = order;
    const first = columns[column]?.kind === "number" ? "descending" : "ascending";
    if (value?.column !== column) order.value = { column, way: first };
    else if (value.way === first) order.value = { column, way: first === "ascending" ? "descending" : "ascending" };
    else order.value = undefined;
  };
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it by keys, which needs the focus.
    <section class="scroll" aria-label={`Table: ${caption}`} tabIndex={0}>
      <table data-table={name}>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, place) => (
              <Heading key={column.title} column={column} order={order.value} place={place} sortBy={sortBy} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted(rows, columns, order.value).map((row) => (
            <tr key={keyOf(row)} data-key={keyOf(row)}>
              {columns.map((column) => (
                <td key={column.title} class={column.kind}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface HeadingProps<Row> {
  readonly column: Column<Row>;
  readonly place: number;
  readonly order: Order | undefined;
  sortBy(place: number): void;
}

function Heading<Row>({ column, place, order, sortBy }: HeadingProps<Row>): VNode {
  const { title, hint, kind } = column;
  const way = order?.column === place ? order.way : undefined;
  if (column.order === undefined) {
    return (
      <th scope="col" class={kind} title={hint}>
        {kind === "action" ? <span class="unseen">{title}</span> : title}
      </th>
    );
  }
  return (
    <th scope="col" class={kind} title={hint} aria-sort={way ?? "none"}>
      <button type="button" class="sort" onClick={() => sortBy(place)}>
        {title}
        <span aria-hidden="true" class="way">
          {way === undefined ? "" : way === "ascending" ? "▲" : "▼"}
        </span>
      </button>
    </th>
  );
}

function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order | undefined): readonly Row[] {
  const by = order === undefined ? undefined : columns[order.column]?.order;
  if (order === undefined || by === undefined) return rows;
  const sign = order.way === "ascending" ? 1 : -1;
  return rows.toSorted((one, other) => sign * compared(by(one), by(other)));
}

function compared(one: number | string, other: number | string): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), "en", { numeric: true });
}
