import type { StepHandler } from './step-handler.ts';

/** Takes the verb that was begun out of the state: every step of it has succeeded. */
export const endOperation: StepHandler<'end-operation'> = {
  title: () => 'note that it is done',
  run: async (_step, context) => {
    if (context.state().operation === undefined) return 'unchanged';
    await context.learn(({ operation: _ended, ...state }) => state);
    return 'done';
  },
};
