import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

// `npm run pack [-- FOLDER]`: makes tarballs of the CLI and the client that run on plain Node, in FOLDER (default `dist`).
// Node runs no TypeScript below node_modules, so the sources are emitted as JavaScript and .d.ts; workspace packages
// travel inside (bundleDependencies), everything else comes from the registry in the versions tested here.

const PACKED = ['@postern/cli', '@postern/client'];
const checkout = resolve(import.meta.dirname, '..');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Workspace {
  /** From the root of the checkout, like `packages/store`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

const workspaces = new Map(
  globSync('{apps,packages}/*/package.json', { cwd: checkout }).map((file): [string, Workspace] => {
    const manifest = JSON.parse(readFileSync(join(checkout, file), 'utf8')) as Manifest;
    return [manifest.name, { folder: dirname(file), manifest }];
  }),
);

/** The workspace packages that one needs, itself first. */
function closureOf(name: string, seen = new Set<string>()): Workspace[] {
  const workspace = workspaces.get(name);
  if (workspace === undefined || seen.has(name)) return [];
  seen.add(name);
  const needed = Object.keys(workspace.manifest.dependencies ?? {});
  return [workspace, ...needed.flatMap((other) => closureOf(other, seen))];
}

/** Where a file of TypeScript is after the emit. */
function emitted(path: string): string {
  return path.replace(/\.ts$/, '.js');
}

function exportsOf({ exports = {} }: Manifest): Record<string, { types: string; default: string }> {
  return Object.fromEntries(
    Object.entries(exports).map(([key, file]) => [
      key,
      { types: file.replace(/\.ts$/, '.d.ts'), default: emitted(file) },
    ]),
  );
}

/** Copies what was emitted of a workspace package, and its other files. */
function copyPackage({ folder, manifest }: Workspace, emitFolder: string, target: string): void {
  mkdirSync(target, { recursive: true });
  const sources = join(emitFolder, folder, 'src');
  if (existsSync(sources)) cpSync(sources, join(target, 'src'), { recursive: true });
  for (const extra of ['bin', 'migrations']) {
    const from = join(checkout, folder, extra);
    if (existsSync(from)) cpSync(from, join(target, extra), { recursive: true });
  }
  for (const file of Object.values(manifest.bin ?? {})) {
    const path = join(target, file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/(import\('[^']+)\.ts'\)/g, "$1.js')"), {
      mode: 0o755,
    });
  }
}

function writeManifest(target: string, manifest: object): void {
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Lets a program write its manual, and gives the pages for `man` of the manifest; an installation with -g offers them to man. */
function writeManual(program: string, target: string): string[] {
  execFileSync(process.execPath, [program, 'man', '--all', join(target, 'man')], {
    stdio: ['ignore', 'ignore', 2],
  });
  return readdirSync(join(target, 'man'))
    .sort()
    .map((page) => `./man/${page}`);
}

/** Lays a package out as it will be in its tarball. */
function stage(name: string, emitFolder: string, target: string): void {
  const [own, ...bundled] = closureOf(name);
  if (own === undefined) throw new Error(`there is no package ${name}`);
  const fromRegistry = Object.fromEntries(
    [own, ...bundled].flatMap(({ manifest }) =>
      Object.entries(manifest.dependencies ?? {}).filter(([other]) => !workspaces.has(other)),
    ),
  );
  const common = ({ manifest }: Workspace) => ({
    name: manifest.name,
    version: manifest.version,
    license: manifest.license,
    type: 'module',
    ...(manifest.exports === undefined ? {} : { exports: exportsOf(manifest) }),
  });
  copyPackage(own, emitFolder, target);
  cpSync(join(checkout, 'LICENSE'), join(target, 'LICENSE'));
  const [program] = Object.values(own.manifest.bin ?? {});
  writeManifest(target, {
    ...common(own),
    engines: { node: '>=22.18' },
    ...(own.manifest.bin === undefined ? {} : { bin: own.manifest.bin }),
    ...(program === undefined ? {} : { man: writeManual(join(checkout, own.folder, program), target) }),
    dependencies: {
      ...fromRegistry,
      ...Object.fromEntries(bundled.map(({ manifest }) => [manifest.name, manifest.version])),
    },
    bundleDependencies: bundled.map(({ manifest }) => manifest.name),
  });
  for (const workspace of bundled) {
    const folder = join(target, 'node_modules', workspace.manifest.name);
    copyPackage(workspace, emitFolder, folder);
    // Their own dependencies are those of the tarball: npm installs none for what is bundled.
    writeManifest(folder, common(workspace));
  }
}

const outFolder = resolve(process.argv[2] ?? join(checkout, 'dist'));
const work = mkdtempSync(join(tmpdir(), 'postern-pack-'));
try {
  const emitFolder = join(work, 'emit');
  execFileSync('tsc', ['-p', join(checkout, 'tsconfig.pack.json'), '--outDir', emitFolder], {
    stdio: ['ignore', 2, 2],
  });
  mkdirSync(outFolder, { recursive: true });
  for (const name of PACKED) {
    const target = join(work, name);
    stage(name, emitFolder, target);
    execFileSync('npm', ['pack', '--silent', '--pack-destination', outFolder], {
      cwd: target,
      stdio: ['ignore', 1, 2],
    });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
