/** Style and script of the documentation page, inline so that the page needs no second request. */

export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2330;--soft:#5a6577;--line:#dde2ea;--card:#f6f8fb;--accent:#3157c8;
--get:#0b6b4f;--post:#2b4fb8;--put:#8a5200;--patch:#8a5200;--delete:#a8232f}
@media (prefers-color-scheme:dark){:root{--bg:#12161d;--fg:#e3e8f0;--soft:#9aa7ba;--line:#2b3442;--card:#1a2029;
--accent:#8fb0ff;--get:#5fd0a8;--post:#8fb0ff;--put:#f0b866;--patch:#f0b866;--delete:#ff8d96}}
*{box-sizing:border-box}
body{margin:0;font:16px/1.55 system-ui,sans-serif;background:var(--bg);color:var(--fg)}
a{color:var(--accent)}
.skip{position:absolute;left:-99em}.skip:focus{left:1rem;top:1rem;background:var(--bg);padding:.5rem}
header,main{max-width:64rem;margin:0 auto;padding:1rem 1.25rem}
h1{margin:.5rem 0 0}h2{margin:2.5rem 0 .25rem}h3{margin:1.5rem 0 .5rem;text-transform:capitalize}
h4{margin:1.1rem 0 .35rem;font-size:.9rem;color:var(--soft)}
.lead,.note{color:var(--soft);margin:.25rem 0}
label{display:block;margin-top:1rem;font-weight:600}
input{width:100%;font:inherit;padding:.55rem .75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--card);color:inherit}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
details{border:1px solid var(--line);border-radius:.5rem;margin:.4rem 0;background:var(--card)}
summary{cursor:pointer;padding:.55rem .8rem;display:flex;flex-wrap:wrap;gap:.2rem .75rem;align-items:baseline}
.method{font:700 .8rem/1 ui-monospace,monospace;min-width:4rem}
.GET{color:var(--get)}.POST{color:var(--post)}.PUT{color:var(--put)}.PATCH{color:var(--patch)}.DELETE{color:var(--delete)}
code,pre{font:.86rem/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
.does{color:var(--soft)}
.body{padding:0 .8rem .8rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .75rem .3rem 0;border-top:1px solid var(--line)}
th{border-top:0;color:var(--soft);font-weight:600}
pre{overflow:auto;max-height:30rem;margin:.25rem 0;padding:.75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--bg)}
[hidden]{display:none!important}
`;

export const SCRIPT = `
const search=document.getElementById('search'),status=document.getElementById('found');
const operations=[...document.querySelectorAll('details')];
document.getElementById('finder').hidden=false;
for(const code of document.querySelectorAll('.curl'))code.textContent=code.textContent.replace('http://localhost:8080',location.origin);
function filter(){
  const words=search.value.toLowerCase().split(/\\s+/).filter(Boolean);let found=0;
  for(const one of operations){const hit=words.every(word=>one.dataset.words.includes(word));one.hidden=!hit;found+=hit}
  for(const group of document.querySelectorAll('section'))group.hidden=!group.querySelector('details:not([hidden])');
  status.textContent=words.length?found+' of '+operations.length+' operations':'';
}
search.addEventListener('input',filter);
function reveal(){const one=document.getElementById(decodeURIComponent(location.hash.slice(1)));if(one&&one.tagName==='DETAILS'){one.open=true;one.scrollIntoView()}}
addEventListener('hashchange',reveal);reveal();
addEventListener('keydown',event=>{if(event.key==='/'&&document.activeElement!==search){event.preventDefault();search.focus()}});
`;
