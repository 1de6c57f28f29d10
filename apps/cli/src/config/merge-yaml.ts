import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

const OPTIONS = { version: '1.2', schema: 'core' } as const;

/**
 * Writes a value as YAML on top of a former text, so that comments, blank lines and the order of what stays survive.
 * Items of lists are told from each other by their `name`. A text that is not one YAML document is replaced.
 */
export function mergeYaml(former: string, value: object): string {
  const document = parseDocument(former, OPTIONS);
  const parsed = document.errors.length === 0 ? document : parseDocument('', OPTIONS);
  parsed.contents = mergeNode(parsed, parsed.contents, value) as typeof parsed.contents;
  return parsed.toString({ lineWidth: 0 });
}

function mergeNode(document: Document, node: unknown, value: unknown): Node {
  if (isMap(node) && isRecord(value)) {
    const gone = node.items.map((pair) => keyOf(pair.key)).filter((key) => value[key] === undefined);
    for (const key of gone) deleteKey(node, key);
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) node.set(key, mergeNode(document, node.get(key, true), item));
    }
    return node;
  }
  if (isSeq(node) && Array.isArray(value)) {
    const items = value.map((item, index) => mergeNode(document, formerItem(node, value, index), item));
    // `[]` would go on as one long line.
    if (node.items.length === 0) node.flow = false;
    node.items = items;
    return node;
  }
  if (isScalar(node) && typeof value !== 'object') {
    if (node.value !== value) node.value = value;
    return node;
  }
  return document.createNode(value);
}

/** A comment above the key moves on to the next: the first one is often about the whole file. */
function deleteKey(map: YAMLMap, key: string): void {
  const index = map.items.findIndex((pair) => keyOf(pair.key) === key);
  const comment = commentBefore(map.items[index]?.key) ?? (index === 0 ? map.commentBefore : undefined);
  const next = map.items[index + 1]?.key;
  if (index === 0 && isScalar(next) && comment !== undefined && comment !== null) {
    next.commentBefore = [comment, commentBefore(next)].filter(Boolean).join('\n');
  }
  map.items.splice(index, 1);
}

function commentBefore(node: unknown): string | null | undefined {
  return isScalar(node) ? node.commentBefore : undefined;
}

/** The item of the same name; for a name that is new, the item in its place whose name is gone: it was renamed. */
function formerItem(list: YAMLSeq, values: readonly unknown[], index: number): unknown {
  const name = nameOf(values[index]);
  if (name === undefined) return undefined;
  const named = list.items.find((item) => isMap(item) && item.get('name') === name);
  if (named !== undefined) return named;
  const inPlace = list.items[index];
  const isGone = isMap(inPlace) && !values.some((value) => nameOf(value) === inPlace.get('name'));
  return isGone && list.items.length === values.length ? inPlace : undefined;
}

function nameOf(value: unknown): unknown {
  return isRecord(value) ? value.name : undefined;
}

function keyOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
