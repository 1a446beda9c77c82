// A Vite plugin: script and style go into the page itself, and the page's Content-Security-Policy names the script by
// its SHA-256, so that nothing else in the file can run.
import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';

// A script's text ends at `</script`, and `<!--` opens a state in which it may not end there. Both occur in strings and
// regular expressions only, where the escape means the same.
const inScript = (code: string): string => code.replaceAll('</script', '\\x3C/script').replaceAll('<!--', '\\x3C!--');

const policy = (script: string): string => {
  const hash = createHash('sha256').update(script).digest('base64');
  return [
    `default-src 'none'`,
    `script-src 'sha256-${hash}'`,
    `style-src 'unsafe-inline'`,
    `img-src data:`,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
};

export function oneFile(): Plugin {
  return {
    name: 'one-file',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      let script = '';
      let style = '';
      for (const [name, file] of Object.entries(bundle)) {
        if (file.type === 'chunk') script += file.code;
        else if (name.endsWith('.css')) style += file.source;
        else continue;
        delete bundle[name];
      }
      script = inScript(script.trim());
      for (const file of Object.values(bundle)) {
        if (file.type !== 'asset' || !file.fileName.endsWith('.html')) continue;
        const meta = `<meta http-equiv="Content-Security-Policy" content="${policy(script)}">`;
        file.source = String(file.source)
          .replace(/\s*<script [^>]*src=[^>]*><\/script>/g, '')
          .replace(/\s*<link rel="(stylesheet|modulepreload)"[^>]*>/g, '')
          .replace(/<meta charset="utf-8" ?\/?>/, (charset) => `${charset}\n    ${meta}`)
          .replace('</head>', () => `  <style>${style.trim()}</style>\n  </head>`)
          .replace('</body>', () => `  <script>${script}</script>\n  </body>`);
      }
    },
  };
}
