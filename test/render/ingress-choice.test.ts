import { describe, expect, it } from 'vitest';
import type { IngressController, Rke2Values } from '../../src/domain/cluster.ts';
import { ingressValues } from '../../src/render/ingress-choice.ts';

/** Version, what the file asks for, what config.yaml gets. */
const CHOICES: readonly (readonly [string, readonly IngressController[] | null, Rke2Values])[] = [
  ['v1.36.4+rke2r1', null, {}],
  ['v1.36.4+rke2r1', ['ingress-nginx'], { 'ingress-controller': ['ingress-nginx'] }],
  ['v1.36.4+rke2r1', ['traefik'], { 'ingress-controller': ['traefik'] }],
  ['v1.35.7+rke2r1', ['none'], { 'ingress-controller': ['none'] }],
  ['v1.35.7+rke2r1', ['traefik', 'ingress-nginx'], { 'ingress-controller': ['traefik', 'ingress-nginx'] }],
  ['v1.30.3+rke2r1', ['ingress-nginx'], { 'ingress-controller': ['ingress-nginx'] }],
  ['v1.30.2+rke2r1', ['ingress-nginx'], {}],
  ['v1.30.2+rke2r1', ['none'], { disable: ['rke2-ingress-nginx'] }],
  ['v1.27.16+rke2r1', ['none'], { disable: ['rke2-ingress-nginx'] }],
  ['v1.27.16+rke2r1', null, {}],
];

describe('the ingress controller', () => {
  it.each(CHOICES)('%s with %j becomes %j', (version, controllers, values) => {
    expect(ingressValues(controllers, version)).toEqual(values);
  });

  it('keeps what the file disables beside it', () => {
    const values = ingressValues(['none'], 'v1.27.16+rke2r1', ['rke2-metrics-server']);
    expect(values).toEqual({ disable: ['rke2-metrics-server', 'rke2-ingress-nginx'] });
  });
});
