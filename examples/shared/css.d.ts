// esbuild takes style sheets that a script imports into the page's own main.css.
declare module "*.css";
