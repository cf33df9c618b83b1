import { readFileSync, existsSync, readdirSync } from 'node:fs';
import { analyze } from '../src/analyze.ts';
import { createRequests } from '../src/tracing/requests.ts';
import { copyRequest, breakdownOf, type Request } from '../src/model/request.ts';
import { copyExchange, type Exchange } from '../src/model/exchange.ts';
const base='/work/shared/captures/';
const only=process.argv[2];
const cases=[...readdirSync(base+'credentials').filter(n=>existsSync(`${base}credentials/${n}/truth.json`)).map(n=>`credentials/${n}`),'cluster/chain-c1','cluster/chain-c6','cluster/chain-slow-b'];
for (const c of cases) { if(only && !c.includes(only)) continue;
  const truth=JSON.parse(readFileSync(`${base}${c}/truth.json`,'utf8'));
  const requests: Request[]=[]; const exchanges=new Map<string,Exchange>();
  const tracer=createRequests({service:null,emit:r=>void requests.push(copyRequest(r))});
  const a=await analyze({paths:[`${base}${c}/pod.pcap`],dnsPorts:[53],clients:[],names:[],slowerThan:null,observers:[tracer,{exchange:e=>void exchanges.set(e.id,copyExchange(e))}]});
  const t0=Number(a.inputs[0]!.firstPacketAt!)/1e9;
  const reqs=(truth.requests??truth.chains??[]) as any[];
  let links=0,right=0,whole=0,matched=0,certain=0,certainRight=0;
  // map outbound exchange by local port + time → truth request index
  const owner=new Map<string,number>();
  const find=(port:number,start:number)=>[...exchanges.values()].filter(e=>e.clientPort===port).sort((x,y)=>Math.abs(x.startedAt/1e9+t0-start)-Math.abs(y.startedAt/1e9+t0-start))[0];
  reqs.forEach((r,i)=>{ for(const k of (r.calls??r.outbound??[])) if(k.local_port){ const e=find(k.local_port,k.start); if(e) owner.set(e.id,i);} });
  const root=new Map<string,number>(); reqs.forEach((r,i)=>{ const port=r.remote_port??r.in_port; const e=[...exchanges.values()].filter(e=>e.clientPort===port && Math.abs(e.startedAt/1e9+t0-(r.start??r.in_start))<0.2).sort((x,y)=>Math.abs(x.startedAt/1e9+t0-r.start)-Math.abs(y.startedAt/1e9+t0-r.start))[0]; if(e) root.set(e.id,i); });
  if(process.argv[3]) for(const [id,i] of [...owner].slice(0,70)){ const e=exchanges.get(id)!; const rr=requests.find(r=>root.get(r.exchange)===i)!; const mine=requests.find(r=>r.waits.some(w=>w.ref===id)); console.log(id,i,'start gap',((e.startedAt-rr.startedAt)/1e6).toFixed(3),'end gap',((rr.startedAt+rr.duration-e.startedAt-e.duration)/1e6).toFixed(3), mine? root.get(mine.exchange)===i?'ok':'WRONG gap '+((e.startedAt-mine.startedAt)/1e6).toFixed(3)+' end '+((mine.startedAt+mine.duration-e.startedAt-e.duration)/1e6).toFixed(3):'none', mine?.waits.find(w=>w.ref===id)?.probability.toFixed(3)); }
  const got=new Map<number,Set<string>>();
  for(const r of requests){ const i=root.get(r.exchange); if(i===undefined) continue; matched++; const s=new Set<string>(); for(const w of r.waits){ if((w.reason==='upstream'||w.reason==='metadata')) { s.add(w.ref); links++; const ok=owner.get(w.ref)===i; if(ok) right++; if(w.confidence==='certain'){certain++; if(ok) certainRight++;} } } got.set(i,s); }
  const want=new Map<number,Set<string>>(); for(const [id,i] of owner) want.set(i,(want.get(i)??new Set()).add(id));
  for(const i of got.keys()){ const w=want.get(i)??new Set(), g=got.get(i)!; if(w.size===g.size&&[...w].every(x=>g.has(x))) whole++; }
  const tot=new Map<string,number>(); let all=0; for(const r of requests){ all+=r.duration; for(const b of breakdownOf(r)) tot.set(b.reason,(tot.get(b.reason)??0)+b.duration);} 
  const f=truth.figures??{};
  console.log(c.padEnd(38),`req ${requests.length}/${reqs.length} matched ${matched} whole ${(100*whole/Math.max(1,matched)).toFixed(1)}% links ${right}/${links} of ${owner.size} certain ${certainRight}/${certain}`, [...tot].map(([k,v])=>`${k} ${(100*v/all).toFixed(0)}%`).join(' '), `cred share ${f.credentials_share}`);
}
