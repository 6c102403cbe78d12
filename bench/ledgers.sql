-- what the product fills in when it writes a row

ALTER TABLE contract ALTER lock_version SET DEFAULT 1;

ALTER TABLE payment ALTER lock_version SET DEFAULT 1;

ALTER TABLE disclosure ALTER current_version SET DEFAULT 1, ALTER lock_version SET DEFAULT 1;

-- places

INSERT INTO organisation (id, code, kind, name, ancestry, active, introduction)
SELECT id, 'county', 'county', '某县', ARRAY[id], true, '' FROM (SELECT gen_random_uuid() AS id) made;

INSERT INTO organisation (id, code, kind, name, parent_id, ancestry, active, introduction)
SELECT made.id, 'town' || n, 'town', '第' || n || '镇', c.id, ARRAY[c.id, made.id], true, ''
FROM organisation c CROSS JOIN LATERAL (
    SELECT n, gen_random_uuid() AS id FROM generate_series(1, 1 + :villages / 20) n) made
WHERE c.kind = 'county';

INSERT INTO organisation (id, code, kind, name, parent_id, ancestry, active, introduction, households, adults,
                          created_at)
SELECT made.id, 'village' || n, 'village', '第' || n || '村', t.id, t.ancestry || made.id, true, '',
       200 + n * 37 % 800, 500 + n * 91 % 2000, CAST(:as_of AS date) - 3000
FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, :villages) n) made
JOIN organisation t ON t.code = 'town' || (1 + made.n % (1 + :villages / 20));

CREATE TEMP TABLE place AS SELECT substr(code, 8)::int AS v, id FROM organisation WHERE kind = 'village';

INSERT INTO household_count (id, village_id, year, households, adults, members)
SELECT gen_random_uuid(), p.id, y, 200 + v * 37 % 800, 500 + v * 91 % 2000, 600 + v * 97 % 2500
FROM place p, generate_series(:first_year, :last_year) y;

-- holdings

INSERT INTO asset (id, village_id, number, name, kind, land_kind, area, area_unit, status, status_since)
SELECT gen_random_uuid(), p.id, 'ZC' || n, '资产' || n, CASE WHEN n % 2 = 0 THEN 'land' ELSE 'shop' END,
       CASE WHEN n % 2 = 0 THEN 'farmland' ELSE 'building' END, 5 + n,
       CASE WHEN n % 2 = 0 THEN 'mu' ELSE 'square_metre' END,
       CASE WHEN n <= 24 THEN 'let' ELSE 'idle' END, CAST(:as_of AS date) - 1500
FROM place p, generate_series(1, 30) n;

INSERT INTO meeting (id, village_id, number, kind, held_on, title, entitled, present, votes_for,
                     votes_against, votes_abstained)
SELECT gen_random_uuid(), p.id, 'HY' || n, CASE WHEN n % 3 = 0 THEN 'committee' ELSE 'representatives' END,
       CAST(:as_of AS date) - n * 30 - (random() * 20)::int, '会议', 40, 36, 30, 4, 2
FROM place p, generate_series(1, 12 * :years) n;

INSERT INTO contract (id, village_id, number, kind, state, title, subject, counterparty, counterparty_key,
                      counterparty_kind, is_member, asset_id, land_kind, area, area_unit, signed_on,
                      starts_on, ends_on, amount_fen, annual_rent_fen, tender_ref, town_approval)
SELECT gen_random_uuid(), p.id, 'HT' || n, 'lease_out', 'active', '出租合同' || n, '', '承租方' || n,
       '承租方' || n, CASE WHEN n % 3 = 0 THEN 'firm' ELSE 'person' END, n % 4 <> 0, a.id, a.land_kind, a.area, a.area_unit,
       from_on, from_on, from_on + 365 * (3 + n % 4), 1200000 * (3 + n % 4), 1000000 + n * 20000,
       CASE WHEN n % 2 = 0 THEN 'JY' || n END, CASE WHEN n % 5 = 0 THEN '镇批' || n END
FROM place p CROSS JOIN LATERAL (
    SELECT n, CAST(:as_of AS date) - (random() * 365 * :years)::int AS from_on
    FROM generate_series(1, 24) n) made
JOIN asset a ON a.village_id = p.id AND a.number = 'ZC' || n;

INSERT INTO contract (id, village_id, number, kind, state, title, subject, counterparty, counterparty_key,
                      counterparty_kind, signed_on, starts_on, ends_on, amount_fen, tender_ref)
SELECT gen_random_uuid(), p.id, 'GC' || n, CASE WHEN n % 3 = 0 THEN 'purchase' ELSE 'works' END, 'active',
       '工程合同' || n, '', '第' || firm || '建筑有限公司', '第' || firm || '建筑有限公司', 'firm', from_on,
       from_on, from_on + 180, 2000000 + n * 500000, CASE WHEN n % 2 = 0 THEN 'JY' || n END
FROM place p CROSS JOIN LATERAL (
    SELECT n, 1 + (random() * 300)::int AS firm,
           CAST(:as_of AS date) - (random() * 365 * :years)::int AS from_on
    FROM generate_series(1, 4 * :years) n) made;

INSERT INTO project (id, village_id, number, name, description, state, estimate_fen, approved_on,
                     planned_end_on, contract_id, exempt, exempt_because, cancelled_because, lock_version)
SELECT gen_random_uuid(), c.village_id, 'XM' || c.number, c.title, '', CASE WHEN random() < 0.9
       THEN 'accepted' ELSE 'under_way' END, c.amount_fen, c.signed_on - 30, c.ends_on, c.id, '{}', '', '', 1
FROM contract c WHERE c.kind = 'works';

INSERT INTO project_stage (id, project_id, kind, day, amount_fen, text)
SELECT gen_random_uuid(), p.id, s.kind, p.approved_on + s.after, CASE s.kind WHEN 'change'
       THEN (p.estimate_fen * random() * 0.08)::bigint ELSE p.estimate_fen END, ''
FROM project p CROSS JOIN (VALUES ('proposal', -10), ('vote', 0), ('tender', 10), ('award', 25),
    ('contract', 30), ('change', 90), ('acceptance', 200)) AS s(kind, after)
WHERE p.approved_on + s.after <= :as_of AND (s.kind <> 'acceptance' OR p.state = 'accepted')
  AND (s.kind <> 'tender' OR random() < 0.7);

INSERT INTO fund (id, village_id, number, name)
SELECT gen_random_uuid(), p.id, 'ZJ' || n, '资金' || n FROM place p, generate_series(1, 3) n;

INSERT INTO fund_statement (id, village_id, fund_id, period, opening_fen, income_fen, expense_fen, balance_fen)
SELECT gen_random_uuid(), f.village_id, f.id, to_char(CAST(:as_of AS date) - make_interval(months => n), 'YYYY-MM'),
       100000, 50000, 50000, 100000 + CASE WHEN random() < 0.0005 THEN 1 ELSE 0 END
FROM fund f, generate_series(1, 12 * :years) n;

INSERT INTO budget (id, village_id, year, category, expense, amount_fen)
SELECT gen_random_uuid(), p.id, y, t.category, t.expense,
       (t.expected_fen * :payments / :villages / :years * (0.9 + random() * 0.6))::bigint
FROM place p, title t, generate_series(:first_year, :last_year) y;

-- payments

CREATE TEMP TABLE works AS
SELECT row_number() OVER (PARTITION BY p.v ORDER BY c.number) AS k, p.v, c.id AS contract_id, j.id AS project_id,
       c.counterparty
FROM contract c JOIN place p ON p.id = c.village_id JOIN project j ON j.contract_id = c.id;

INSERT INTO payment (village_id, voucher, paid_on, payee, payee_key, payee_kind, amount_fen, method, category,
                     expense, purpose, purpose_key, contract_id, project_id, invoice_number, handled_by,
                     town_approval, town_approved_on)
SELECT p.id, 'FK' || made.n, paid_on, made.payee, made.payee, CASE WHEN expense IN ('labour', 'welfare') THEN 'person'
       WHEN expense = 'transfer' THEN NULL ELSE 'firm' END, fen,
       CASE WHEN fen < 100000 AND chance < 0.02 THEN 'cash' WHEN chance < 0.05 THEN 'card' ELSE 'transfer' END,
       category, expense, CASE WHEN chance > 0.1 THEN month || '月' || u.purpose END,
       CASE WHEN chance > 0.1 THEN u.purpose_key END, contract_id, project_id,
       CASE WHEN expense NOT IN ('labour', 'welfare', 'transfer') AND chance < 0.8
            THEN lpad((CASE WHEN made.n % 1000 = 0 THEN made.n - :villages ELSE made.n END)::text, 20, '0') END, '张经手',
       CASE WHEN fen >= 5000000 AND made.n % 50 > 0 THEN '镇批' || made.n END,
       CASE WHEN fen >= 5000000 AND made.n % 50 > 0 THEN paid_on - 2 END
FROM (
    SELECT drawn.n, drawn.v, drawn.chance, t.category, t.expense, drawn.purpose_n,
           CAST(:as_of AS date) - days AS paid_on,
           extract(month FROM CAST(:as_of AS date) - days) AS month,
           round(t.low * 100 * power(t.high / t.low::float8, size) / 1000)::bigint * 1000 AS fen,
           w.contract_id, w.project_id,
           coalesce(w.counterparty, CASE WHEN t.expense IN ('labour', 'welfare') THEN '村民' || drawn.v || '-' || who % 200
               WHEN t.expense = 'transfer' THEN '村集体账户' ELSE '第' || who || '经营部' END) AS payee
    FROM (
        SELECT n, 1 + n % :villages AS v, (random() * 365 * :years)::int AS days, random() AS size,
               random() AS chance, (random() * 99)::int AS share, 1 + (random() * 119)::int AS purpose_n,
               1 + (power(random(), 2) * 400)::int AS who, 1 + (random() * 40 * :years)::int AS k
        FROM generate_series(:first , :last) n OFFSET 0
    ) drawn
    JOIN title t ON drawn.share >= t.from_share AND drawn.share < t.to_share
    LEFT JOIN works w ON w.v = drawn.v AND w.k = drawn.k AND t.expense = 'works'
) made
JOIN place p ON p.v = made.v
JOIN purpose u ON u.n = made.purpose_n;

-- income

INSERT INTO receivable (id, village_id, number, kind, title, contract_id, debtor, debtor_key, debtor_kind,
                        due_on, amount_fen)
SELECT gen_random_uuid(), c.village_id, c.number || '-' || n, 'rent', '租金', c.id, c.counterparty,
       c.counterparty_key, c.counterparty_kind, c.starts_on + 365 * n, c.annual_rent_fen
FROM contract c, generate_series(0, 6) n WHERE c.kind = 'lease_out' AND c.starts_on + 365 * n < c.ends_on;

INSERT INTO receipt (id, village_id, voucher, received_on, payer, payer_key, amount_fen, method, category,
                     contract_id, receivable_id, banked_on)
SELECT gen_random_uuid(), r.village_id, 'SK' || r.number, r.due_on, r.debtor, r.debtor_key, r.amount_fen,
       'transfer', '租金', r.contract_id, r.id, r.due_on
FROM receivable r WHERE r.due_on <= :as_of AND random() < 0.95;

INSERT INTO receipt (id, village_id, voucher, received_on, payer, payer_key, amount_fen, method, category,
                     collector, banked_on)
SELECT gen_random_uuid(), p.id, 'XJ' || n, made.day, '交款人', '交款人', 50000, 'cash', '收费',
       CASE WHEN n % 3 = 0 THEN 'other' ELSE 'cashier' END, made.day + (power(random(), 8) * 6)::int
FROM (SELECT n, 1 + n % :villages AS v, CAST(:as_of AS date) - (random() * 365 * :years)::int AS day
      FROM generate_series(1, :payments / 10) n OFFSET 0) made JOIN place p ON p.v = made.v;

-- people

INSERT INTO member (id, village_id, household, name, name_key, person_digest)
SELECT gen_random_uuid(), p.id, 'H' || n / 3, '村民' || v || '-' || n, '村民' || v || '-' || n, md5(v || '-' || n)
FROM place p, generate_series(0, 299) n;

INSERT INTO relation (id, village_id, cadre, cadre_key, kind, party, party_key, party_digest, declared_on)
SELECT gen_random_uuid(), p.id, '干部' || n % 4, '干部' || n % 4, CASE WHEN n % 6 = 0 THEN 'firm' ELSE 'child' END,
       made.party, made.party, md5(v || '-' || n), CAST(:as_of AS date) - 1000
FROM place p CROSS JOIN LATERAL (
    SELECT n, CASE WHEN n % 6 = 0 THEN '第' || (n * 31 + v) % 400 || '经营部' ELSE '村民' || v || '-' || n END AS party
    FROM generate_series(0, 11) n) made;

INSERT INTO benefit (id, village_id, kind, period, recipient, recipient_key, recipient_digest, recipient_group,
                     paid_on, amount_fen)
SELECT gen_random_uuid(), p.id, kind, to_char(begins, 'YYYY-MM'), '村民' || v || '-' || n, '村民' || v || '-' || n,
       CASE WHEN n % 10 > 0 THEN md5(v || '-' || n) END, n % 8 || '组', begins + 19, 80000
FROM place p, generate_series(0, 59) n
CROSS JOIN LATERAL (VALUES ((ARRAY['低保金', '困难残疾人生活补贴', '高龄津贴'])[1 + n % 3])) AS k(kind)
CROSS JOIN generate_series(CAST(:as_of AS date) - 729, :as_of, interval '1 month') AS monthly(day)
CROSS JOIN LATERAL (VALUES (date_trunc('month', day)::date)) AS f(begins);

INSERT INTO death_record (id, village_id, name, name_key, person_digest, died_on, registered_on)
SELECT gen_random_uuid(), p.id, '村民' || v || '-' || n, '村民' || v || '-' || n, md5(v || '-' || n),
       CAST(:as_of AS date) - n * 12, CAST(:as_of AS date) - n * 12 + 5
FROM place p, generate_series(60 - (v % 10 = 0)::int, 119) n;

INSERT INTO labour_slip (id, village_id, number, worker, worker_key, worker_digest, worked_on, job, site, unit,
                         quantity, rate_fen, amount_fen, rostered)
SELECT gen_random_uuid(), p.id, 'YG' || n, '村民' || p.v || '-' || who, '村民' || p.v || '-' || who,
       md5(p.v || '-' || who), CAST(:as_of AS date) - (random() * 365 * :years)::int, '保洁', '村内', 'day', 1,
       15000, 15000, true
FROM (SELECT n, 1 + n % :villages AS v, (random() * 199)::int AS who
      FROM generate_series(1, :payments / 4) n OFFSET 0) made JOIN place p ON p.v = made.v;

-- published

INSERT INTO disclosure (id, village_id, category_code, kind, state, published_at, review_remark, notice_days,
                        notice_until)
SELECT gen_random_uuid(), p.id, c.code, 'plain', 'published', CAST(:as_of AS timestamptz) - n * interval '9 days', '',
       7, CAST(:as_of AS date) - n * 9 + 7
FROM place p, generate_series(1, 60) n
CROSS JOIN LATERAL (SELECT code FROM disclosure_category WHERE village_id IS NULL AND fixed
                    ORDER BY code OFFSET n % 10 LIMIT 1) c;

INSERT INTO obligation (id, village_id, category_code, key, title, period, source, due_on, state, met_on,
                        provisional, waived_because)
SELECT gen_random_uuid(), p.id, 'finance', 'finance:' || n, '财务公开', '', 'calendar',
       CAST(:as_of AS date) - n * 30, CASE WHEN made.met THEN 'met' ELSE 'open' END,
       CASE WHEN made.met THEN CAST(:as_of AS date) - n * 30 - 3 END, false, ''
FROM place p CROSS JOIN LATERAL (
    SELECT n, random() < 0.98 AS met FROM generate_series(-3, 12 * :years) n) made;

INSERT INTO page_view (village_id, day, count)
SELECT p.id, CAST(:as_of AS date) - n, 5 FROM place p, generate_series(0, 59) n;
