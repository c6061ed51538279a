import { warned } from './key.ts';

const WHY = 'RKE2 brings containerd with it and uses no Docker.';
const INSTEAD = 'Leave the key out; what else runs in Docker on the hosts may stay.';

/** RKE1's settings of Docker and of cri-dockerd before it. */
export const DOCKER_KEYS = {
  ignore_docker_version: warned({
    description: 'Let RKE1 go on with a version of Docker that it did not support.',
    why: WHY,
    instead: INSTEAD,
    harmless: [true],
  }),
  enable_cri_dockerd: warned({
    description: 'Put cri-dockerd between the kubelet and Docker.',
    why: WHY,
    instead: INSTEAD,
  }),
  cri_dockerd_stream_server_address: warned({
    description: 'Address that cri-dockerd streamed logs and shells from.',
    why: WHY,
    instead: INSTEAD,
  }),
  cri_dockerd_stream_server_port: warned({
    description: 'Port that cri-dockerd streamed logs and shells from.',
    why: WHY,
    instead: INSTEAD,
  }),
};

/** The same for one node. */
export const DOCKER_NODE_KEYS = {
  docker_socket: warned({
    description: 'The socket of the host’s Docker.',
    why: WHY,
    instead: INSTEAD,
    harmless: ['/var/run/docker.sock'],
  }),
};
