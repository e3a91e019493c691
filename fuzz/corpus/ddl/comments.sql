create table /* mine */ t( -- (
 a INTEGER not null /* ) */ default (1 -- one
), b TEXT check (b <> '--' -- end
), /* */ c)