// What all components share: controls, tables, figures.
import { css } from 'lit';

export const base = css`
  :host {
    display: block;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  figure,
  dl,
  dd {
    margin: 0;
  }
  a {
    color: var(--accent);
    text-underline-offset: 0.18em;
    text-decoration-thickness: 1px;
  }
  .number {
    font-variant-numeric: tabular-nums;
  }
  .soft {
    color: var(--soft);
  }
  .alarm {
    color: var(--alarm);
  }
  button,
  select,
  input {
    font: inherit;
    color: inherit;
  }
  button,
  select,
  input[type='search'],
  input[type='number'] {
    min-height: 2rem;
    padding: 0.15rem 0.6rem;
    border: 1px solid var(--line);
    border-radius: 6px;
    background: var(--paper);
  }
  button {
    cursor: pointer;
  }
  button[aria-pressed='true'] {
    border-color: var(--accent);
    color: var(--accent);
    font-weight: 600;
  }
  button:hover:not(:disabled) {
    border-color: var(--soft);
  }
  button:disabled {
    opacity: 0.45;
    cursor: default;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  summary {
    cursor: pointer;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media print {
    button,
    select,
    input,
    .control {
      display: none !important;
    }
  }
`;

// Two charts beside each other where there is room.
export const pair = css`
  .pair {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr));
    gap: 2.5rem;
  }
`;

// A part of the page, and what is said in it.
export const sections = [
  pair,
  css`
    section {
      margin-top: 3rem;
    }
    h2 {
      font-size: 1.2rem;
      font-weight: 650;
      letter-spacing: -0.01em;
      margin-bottom: 1rem;
    }
    .text {
      color: var(--soft);
      font-size: 0.9rem;
      max-width: 46rem;
      margin: -0.5rem 0 1rem;
    }
  `,
];
