import { type Change, type ChangeKind, type Cursor, readWire } from '@postern/contracts/plain';
import type Database from 'better-sqlite3';
import type { Replica, StoredDocument } from './replica.ts';
import { isDamage, noteDoubt, replicaFailureOf } from './replica-failure.ts';

/** Columns of the live table and of the one a resync stages in. */
export const DOCUMENT_COLUMNS = `kind text not null, id text not null, revision integer not null, format_version integer not null,
  body text not null, primary key (kind, id)`;

/** Finds the hosts whose targets are checked without a look at the others, which are most. */
export const INDICES = `create index if not exists documents_checked on documents (id)
  where kind = 'host' and instr(body, '"healthCheck"') > 0;`;

/** Documents read by one step of a check: 2 ms or so. */
const CHECKED_AT_ONCE = 200;

interface Row {
  readonly epoch: string | null;
  readonly revision: number;
  readonly formatVersion: number;
  readonly body: string;
}

interface Writing {
  readonly put: Database.Statement<[string, string, number, number, string]>;
  readonly remove: Database.Statement<[string, string]>;
}

/** The Replica on an open connection; openReplica has checked the file and made the tables. */
export class SqliteReplica implements Replica {
  readonly setAside: string | null;
  readonly #connection: Database.Database;
  readonly #file: string;
  readonly #get: Database.Statement<[string, string], Row>;
  readonly #list: Database.Statement<[string], string>;
  readonly #cursor: Database.Statement<[], string>;
  readonly #listChecked: Database.Statement<[], string>;
  /** Sums up the next documents in the order of their rows, so that each of their pages is read. */
  readonly #read: Database.Statement<[number, number], { last: number | null; bytes: number }>;
  readonly #putCursor: Database.Statement<[string]>;
  readonly #intoDocuments: Writing;
  #isStaging = false;

  constructor(connection: Database.Database, file: string, setAside: string | null) {
    this.#connection = connection;
    this.#file = file;
    this.setAside = setAside;
    this.#get = connection.prepare(
      `select (select value ->> 'epoch' from meta where key = 'cursor' and json_valid(value)) as epoch, revision,
         format_version as formatVersion, body from documents where kind = ? and id = ?`,
    );
    this.#list = connection
      .prepare<[string], string>('select id from documents where kind = ? order by id')
      .pluck();
    this.#listChecked = connection
      .prepare<[], string>(
        // Named, since by itself SQLite reads every host instead.
        `select id from documents indexed by documents_checked
           where kind = 'host' and instr(body, '"healthCheck"') > 0 order by id`,
      )
      .pluck();
    this.#read = connection.prepare(
      `select max(at) as last, sum(length(body)) as bytes
         from (select rowid as at, body from documents where rowid > ? order by rowid limit ?)`,
    );
    this.#putCursor = connection.prepare("insert or replace into meta (key, value) values ('cursor', ?)");
    this.#intoDocuments = this.#statementsInto('documents');
    this.#cursor = connection.prepare<[], string>("select value from meta where key = 'cursor'").pluck();
  }

  cursor(): Cursor | null {
    const text = this.#telling(() => this.#cursor.get());
    // What cannot be read as a cursor is none: the feed then brings a full copy.
    return (text === undefined ? undefined : readWire('cursor', parseJson(text))) ?? null;
  }

  apply(changes: readonly Change[], cursor: Cursor): void {
    this.#write(() => {
      if (this.#isStaging) this.#connection.exec('drop table staged');
      this.#put(this.#intoDocuments, changes);
      this.#setCursor(cursor);
    });
    this.#isStaging = false;
  }

  beginResync(): void {
    this.#write(() =>
      this.#connection.exec(`drop table if exists staged; create table staged (${DOCUMENT_COLUMNS})`),
    );
    this.#isStaging = true;
  }

  stage(changes: readonly Change[]): void {
    this.#requireStaging();
    this.#write(() => this.#put(this.#statementsInto('staged'), changes));
  }

  finishResync(cursor: Cursor): void {
    this.#requireStaging();
    this.#write(() => {
      this.#connection.exec(`drop table documents; alter table staged rename to documents; ${INDICES}`);
      this.#setCursor(cursor);
    });
    this.#isStaging = false;
  }

  get(kind: ChangeKind, id: string): StoredDocument | undefined {
    let row: Row | undefined;
    try {
      row = this.#get.get(kind, id);
    } catch (error) {
      if (isDamage(error)) {
        noteDoubt(this.#file);
        return damagedDocument(kind, id, undefined);
      }
      throw replicaFailureOf(error, this.#file);
    }
    if (row === undefined) return undefined;
    const body = parseJson(row.body);
    // A tombstone is never stored, so null is damage like any other text that is no object.
    if (body === undefined || body === null) return damagedDocument(kind, id, row);
    return {
      epoch: row.epoch ?? '',
      revision: row.revision,
      kind,
      id,
      formatVersion: row.formatVersion,
      body,
      damaged: false,
    };
  }

  listIds(kind: ChangeKind): string[] {
    return this.#telling(() => this.#list.all(kind));
  }

  listHostsWithChecks(): string[] {
    return this.#telling(() => this.#listChecked.all());
  }

  *check(): Generator<void, void, void> {
    for (let at: number | null = -1; at !== null; ) {
      const from: number = at;
      at = this.#telling(() => this.#read.get(from, CHECKED_AT_ONCE)?.last ?? null);
      yield;
    }
  }

  close(): void {
    this.#connection.close();
  }

  #statementsInto(table: 'documents' | 'staged'): Writing {
    return {
      put: this.#connection.prepare(
        `insert or replace into ${table} (kind, id, revision, format_version, body) values (?, ?, ?, ?, ?)`,
      ),
      remove: this.#connection.prepare(`delete from ${table} where kind = ? and id = ?`),
    };
  }

  #put({ put, remove }: Writing, changes: readonly Change[]): void {
    for (const { kind, id, revision, formatVersion, body } of changes) {
      if (body === null) remove.run(kind, id);
      else put.run(kind, id, revision, formatVersion, JSON.stringify(body));
    }
  }

  #setCursor({ epoch, revision }: Cursor): void {
    this.#putCursor.run(JSON.stringify({ epoch, revision }));
  }

  #requireStaging(): void {
    if (!this.#isStaging) throw new Error('no resync has begun');
  }

  #write(work: () => void): void {
    this.#telling(() => this.#connection.transaction(work).immediate());
  }

  #telling<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw replicaFailureOf(error, this.#file);
    }
  }
}

function damagedDocument(kind: string, id: string, row: Row | undefined): StoredDocument {
  return {
    epoch: row?.epoch ?? '',
    revision: row?.revision ?? 0,
    kind,
    id,
    formatVersion: row?.formatVersion ?? 0,
    body: undefined,
    damaged: true,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
