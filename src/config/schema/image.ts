import { showValue } from '../finding.ts';
import { checked, text } from './scalars.ts';

const REFERENCE =
  /^([A-Za-z0-9.-]+(:\d{1,5})?\/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/;

/** The name of a container image: `[registry/]repository[:tag]`. */
export const ImageSchema = checked(text('must be the name of an image'), (image) =>
  REFERENCE.test(image)
    ? null
    : {
        message: `${showValue(image)} is not the name of an image.`,
        hint: 'Write `repository:tag`, with the registry before it if it is not the default one: `registry.example.com/rancher/mirrored-pause:3.6`.',
      },
);
