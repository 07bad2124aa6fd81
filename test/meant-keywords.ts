/**
 * Texts that are no keywords of the synthetic towns, and what people mean by them: by these the measure of
 * src/encoder/keyword-pieces.ts was chosen, and a test holds what it finds.
 */

/** Misspelt and compound texts, each with the keywords that it may be taken for. */
export const MEANT: ReadonlyMap<string, readonly string[]> = new Map(
  `
짜장몉 → 짜장면; 짜짱면 → 짜장면, 자장면; 쨔장면 → 짜장면; 치킹 → 치킨; 치캰 → 치킨; 떡복이 → 떡볶이;
떡볶기 → 떡볶이; 떡뽁이 → 떡볶이; 돈까쓰 → 돈까스; 돈카스 → 돈까스, 돈가스; 김치찌게 → 김치찌개;
부대찌게 → 부대찌개; 된장찌게 → 된장찌개; 스파게띠 → 스파게티; 스파게리 → 스파게티;
아메리까노 → 아메리카노; 탕수욕 → 탕수육; 피쟈 → 피자; 마라탄 → 마라탕; 쌀국시 → 쌀국수; 샐러두 → 샐러드;
크로와상 → 크루아상; 도너스 → 도너츠, 도넛; 케익 → 케이크; 까페 → 카페; 카페라테 → 카페라떼; 햄벅 → 햄버거;
햄버가 → 햄버거; 삽겹살 → 삼겹살; 삼겹쌀 → 삼겹살; 순두부찌게 → 순두부찌개; 제육뽁음 → 제육볶음;
비빔빱 → 비빔밥; 샌드위지 → 샌드위치; 센드위치 → 샌드위치; 브리또 → 부리또; 아이스크림콘 → 아이스크림;
마카롱스 → 마카롱; 닭도리탱 → 닭도리탕; 팟타이이 → 팟타이; 쭈꾸미볶음 → 낙지볶음, 제육볶음;
설농탕 → 설렁탕; 불고긔 → 불고기; 치킨ㅇ → 치킨; 페퍼로니 핏자 → 페퍼로니피자; 훠거 → 훠궈;
마라샹거 → 마라샹궈; 빵집 → 빵; 해물찜 → 해물; 오징어볶음 → 낙지볶음, 제육볶음;
후라이드 치킨 → 후라이드치킨; 매운후라이드치킨 → 후라이드치킨; 간장치킨반마리 → 간장치킨;
치즈떡볶이 → 떡볶이; 로제떡볶이 → 떡볶이; 김밥천국 → 김밥; 참치김밥 → 김밥; 피자집 → 피자;
연어 샐러드 → 연어샐러드; 순대국밥 → 순대국, 국밥; 차돌된장찌개 → 된장찌개; 소고기국밥 → 국밥;
바질파스타 → 파스타; 아이스크림케이크 → 아이스크림, 케이크; 강남역 피자 → 피자; 치킨 맛집 → 치킨;
반반치킨 → 치킨; 황금올리브치킨 → 치킨; 마늘보쌈 → 보쌈; 왕족발 → 족발; 짜장면 곱빼기 → 짜장면;
삼선짬뽕 → 짬뽕; 해물짬뽕 → 짬뽕; 새우볶음밥과 탕수육 → 탕수육; 치킨집 → 치킨; 전복 죽 → 전복죽, 죽;
물냉면 → 냉면; 비빔냉면 → 냉면; 회냉면 → 냉면; 쇠고기미역국 백반 → 백반; 딸기케이크 → 케이크;
초코 마카롱 → 마카롱; 베이컨 베이글 → 베이글; 햄 샌드위치 → 샌드위치; 에그토스트 → 토스트; 망고빙수 → 빙수;
팥빙수 → 빙수; 아이스 아메리카노 → 아메리카노; 바닐라라떼 → 라떼; 카레돈까스 → 돈까스, 카레우동;
김치 찌개 → 김치찌개, 찌개; 곱창전골 → 곱창; 야채곱창 → 곱창; 순살 치킨 → 순살치킨; 양념 치킨 → 양념치킨;
훠궈무한리필 → 훠궈; 야끼우동 → 우동; 냉모밀소바 → 소바, 메밀소바; 생연어초밥 → 연어초밥; 우동세트 → 우동;
감자탕 해장국 → 해장국; 뼈해장국 → 해장국; 뼈다귀해장국 → 해장국;
chiken → chicken; chikcen → chicken; fried chiken → fried chicken; piza → pizza; pizzza → pizza;
pizzas → pizza; hamburgers → hamburger; hambuger → hamburger; burgers → burger; burgur → burger;
sandwhich → sandwich; sandwitch → sandwich; sandwiches → sandwich; spagetti → spaghetti;
spaghettti → spaghetti; lasagne → lasagna; lasanga → lasagna; icecream → ice cream;
cheese burger → cheeseburger; chees burger → cheeseburger; coffe → coffee; cofee → coffee;
cappucino latte → latte; bibimbab → bibimbap; bibimpap → bibimbap; tteokboki → tteokbokki;
ddukbokki → tteokbokki; tteokbokkii → tteokbokki; kimchi jigae → kimchi jjigae; sushis → sushi;
suchi → sushi; burito → burrito; burritos → burrito; quesadila → quesadilla; mexcian → mexican;
shawerma → shawarma; felafel → falafel; kebabs → kebab; kabab → kebab; crossaint → croissant;
croisant → croissant; doughnut → donut; donuts → donut; macaroon → macaron; macarons → macaron;
tonkotsu ramne → tonkotsu ramen; salads → salad; steaks → steak; tandori chicken → tandoori chicken;
marguerita → margherita; margarita pizza → pizza, margherita, pepperoni pizza; dessserts → dessert;
vietnamse → vietnamese; indain → indian; italien → italian; chineese → chinese; porrige → porridge;
spring roll → spring rolls; bubbletea → bubble tea; milktea → milk tea;
ramen noodles → ramen; best ramen near me → ramen; sushi bar → sushi; mexican food → mexican;
thai food → thai; indian restaurant → indian; thai curry → thai, curry;
korean barbecue → korean bbq, korean food; chicken burger → chicken, burger; chicken wings → chicken;
veggie burger → burger; chocolate cake → cake; iced latte → latte; pizza delivery → pizza;
pizza hut → pizza; pork ramen → ramen; seafood pasta → seafood, pasta; beef burrito → burrito;
fish tacos → tacos; chicken pho → pho, chicken; bagel sandwich → bagel, sandwich; cheese pizza → pizza;
spicy tuna sushi roll → sushi; caesar salad → salad; grilled chicken salad → chicken salad;
vietnamese spring rolls → spring rolls, vietnamese; italian restaurant → italian; coffee shop → coffee;
cafe latte → cafe, latte; steakhouse → steak; cupcakes → cake; cheesecake → cake; beefsteak → steak;
butter chicken curry → chicken, curry; soy garlic → soy garlic chicken; salmon poke bowl → poke bowl;
cold noodle → cold noodles; black bean noodle → black bean noodles;
`
    .split(';')
    .filter((entry) => entry.trim() !== '')
    .map((entry) => {
      const [text, keywords] = entry.trim().split(' → ') as [string, string];
      return [text, keywords.split(', ')];
    }),
);

/** Texts that mean no food that these towns know. */
export const OF_OTHER_THINGS: readonly string[] = `
laptop; 운동화; 자전거; 맥북; 세탁기; 한의원; dentist; car wash; plumber; xyzzy; 택시; 휴지; 기저귀; 우산;
영화; 안녕하세요; hello; shoes; battery; 샴푸; 꽃배달; 강아지 사료; asdf; 12345; ㅋㅋㅋㅋ; 커튼; 치약;
카메라; 버스; 피아노; 초콜릿칩 과자; 난방; cable; poker face; taxi; coffin; board; thin; currency; steal;
맥주; 소주; 와인; wine; beer; 아이폰; 갤럭시; 노트북; 모니터; 헤어; 미용실; 네일; 약국; 감기약; 해열제;
생수; 우유; 계란; 사과; 바나나; banana; apple; orange; milk; eggs; water; toothpaste; shampoo; diapers;
umbrella; movie; hotel; flight; bank; gas station; gym; school; hospital; pharmacy; phone; charger; mask;
gloves; 정장; 청바지; 티셔츠; 모자; 양말; 도서; 학교; 병원; 은행; 호텔; 비행기; 편의점; 문구점; 화장품;
선크림; 립스틱; 마사지; 필라테스; 요가; 골프; 축구공; 농구; 자동차; 타이어; 주유소; 세차; 부동산; 이사;
청소; 에어컨; 냉장고; 전자레인지; 선풍기; 가습기; 침대; 소파; 책상; 의자; 조명; vacuum; sofa bed; chair;
desk; lamp; tv; camera; printer; keyboard; mouse; charcoal; paint; nails; hammer
`
  .split(';')
  .map((text) => text.trim());
