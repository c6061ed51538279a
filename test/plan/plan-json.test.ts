import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PlanSchema, StepSchema } from '../../src/plan/plan-schema.ts';

const page = readFileSync(new URL('../../docs/plan-json.md', import.meta.url), 'utf8');

/** The names in the tables below a heading, up to the next one. */
function fieldsBelow(heading: string): readonly string[] {
  const [, section = ''] = page.split(`\n${heading}\n`);
  const [own = ''] = section.split(/^#{2,3} /m);
  return [...own.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name);
}

const BASE = ['id', 'kind', 'node', 'reason', 'needs', 'after'];
const steps = StepSchema.options.map(({ shape }) => ({
  kind: shape.kind.value,
  fields: Object.keys(shape).filter((name) => !BASE.includes(name)),
}));
const claim = StepSchema.options.find(({ shape }) => shape.kind.value === 'claim');
const stage = StepSchema.options.find(({ shape }) => shape.kind.value === 'stage-artifacts');
const open = StepSchema.options.find(({ shape }) => shape.kind.value === 'open-firewall');
const shapeOf = (schema: unknown) => Object.keys((schema as { readonly shape: object }).shape);
const part = (option: typeof claim, field: string) =>
  ((option?.shape ?? {}) as unknown as Readonly<Record<string, unknown>>)[field];

describe('docs/plan-json.md', () => {
  it.each(steps)('explains every field of $kind, and none that is not there', ({ kind, fields }) => {
    expect(page).toContain(`\n### \`${kind}\`\n`);
    expect([...fieldsBelow(`### \`${kind}\``)].sort()).toEqual([...fields].sort());
  });

  it('has no kind of step that does not exist', () => {
    const named = [...page.matchAll(/^### `(.+)`$/gm)].map(([, kind]) => kind);
    expect(named.sort()).toEqual(steps.map(({ kind }) => kind).sort());
  });

  it.each([
    ['## Steps', BASE],
    ['## The plan', [...Object.keys(PlanSchema.shape), 'disturbs', 'diffs', 'notes']],
    ['## Node', Object.keys(PlanSchema.shape.nodes.element.shape)],
    ['## Change', Object.keys(PlanSchema.shape.changes.element.shape)],
    ['## Drift', Object.keys(PlanSchema.shape.drift.element.shape)],
    ['## Finding', Object.keys(PlanSchema.shape.findings.element.shape)],
    ['## Difference', ['path', 'nodes', 'change', 'lines', 'note']],
    ['## Marker', shapeOf(part(claim, 'marker'))],
    ['## Firewall rules', shapeOf(part(open, 'add'))],
    ['## Artifact', shapeOf((part(stage, 'images') as { readonly element: unknown }).element)],
  ])('explains every field under "%s"', (heading, fields) => {
    expect([...fieldsBelow(heading)].sort()).toEqual([...fields].sort());
  });

  it('names every kind of drift', () => {
    for (const kind of PlanSchema.shape.drift.element.shape.kind.options)
      expect(page).toContain(`\`${kind}\``);
  });
});
