// Loaded before bin/rke2ctl by build.mjs: writes beside each file what V8 has made of it by the end of the command.
'use strict';
const { writeFileSync } = require('node:fs');
const vm = require('node:vm');

const kept = [];

vm.Script = class extends vm.Script {
  constructor(code, options) {
    super(code, options);
    kept.push([options.filename, this]);
  }
};

process.on('exit', () => {
  for (const [filename, script] of kept) writeFileSync(`${filename}.cache`, script.createCachedData());
});
