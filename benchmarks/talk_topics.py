"""What the people in made-up conversations talk about: topics for choosing weights, and others that were held out.

A topic has slots («craft: pottery~working with clay | ...», a value and what a question may call it), and lines by what
they are for: `L` a question of the other one that leads to it, `T` what is told, `R` the same as an answer that makes
sense only after `L`, `E` what the other one says to it, `M` more of it afterwards, with another slot; and questions:
`W` when, `Q` what was told, `N` what came afterwards, `A` all of the topic, `O` what follows from it.
"""

DEV = """
= craft
craft: pottery~clay | glass blowing~molten glass | woodcarving~whittling | weaving~the loom | printmaking~lino prints
made: a lopsided bowl | a little owl | a wall hanging | a blue lamp | a tray for keys
L Did you get to do anything just for yourself lately?
T I finally tried a {craft} class {when}. It was so calming, I lost track of time.
T You know that {craft} workshop I kept talking about? I went {when} and loved it.
R I did! A {craft} course, {when}. First time I switched off in months.
E That sounds so relaxing! What did you come home with?
E Ooh, I'm jealous. Did you make anything you can show?
M {made}, believe it or not. It's on my desk now.
M Only {made}, but I'm weirdly proud of it.
W When did {who} take a {craft} class?
Q Which creative hobby did {who} try to unwind?
N What did {who} create in the {craft} lesson?
A Which handicrafts has {who} tried?
= race
race: 5K charity run~fundraising run | half marathon~long distance race | night run~run in the dark | trail race~race in the hills
cause: the children's ward | ocean cleanup | the food bank | veterans' housing
L How are the legs? Still training?
T I ran the {race} {when}! My lungs hated me but I finished.
T Guess what, I crossed the finish line of the {race} {when}.
R Sore! I did the {race} {when}, slow but steady.
E You're unstoppable! Was it for something special?
E Amazing, congrats! Did they collect money too?
M Yes, everything went to {cause}. People were so generous.
M It was all in aid of {cause}, that kept me going.
W When did {who} run the {race}?
Q What sporting event did {who} complete?
N Which cause did {who} support with the {race}?
A Which races has {who} taken part in?
= pet
pet: beagle~dog | tabby cat~cat | parrot~bird | rabbit~bunny
petname: Biscuit | Olive | Captain | Noodle | Pepper | Clementine
L You sound happy today, what's going on?
T We adopted a {pet} {when}! The house is upside down.
T There's a {pet} sleeping on my feet. We brought the little one home {when}.
R Well, there is a {pet} in my kitchen since {when}.
E No way, so cute! What do you call the little one?
E Aww! Have you picked a name yet?
M {petname}. The kids voted.
M We went with {petname}, it just fit.
W When did {who} get the {pet}?
Q What kind of animal did {who} take in?
N What is the name of {who}'s {pet}?
A Which animals live with {who}?
= job
job: head of the school library~librarian | tram driver~public transport job | night nurse~hospital position | chocolate maker~confectioner
perk: every Friday off | a room with a view | free language lessons | a longer lunch break
L Any news about the applications?
T They called {when}: I got the position as {job}!
T I signed the contract {when}. You're talking to the new {job}.
R Yes! I start as {job}, they told me {when}.
E Congratulations, you earned it! What won you over?
E Yay! Is there something you look forward to most?
M Honestly, {perk}. I nearly cried.
M They give us {perk}, can you believe it?
W When did {who} get hired as {job}?
Q What new occupation does {who} have?
N What benefit does {who} enjoy at work?
A What jobs has {who} had?
= trip
place: the Dolomites~Italian mountains | Lisbon~Portugal | the Scottish islands~Hebrides | Kyoto~Japan
memory: swimming in a freezing lake | a street parade at midnight | getting lost in the fog | a picnic with strangers
L Did you two get away at all?
T We came back from {place} {when}. I still have sand in my bag.
T Still dreaming of {place}! We spent a whole week there, got home {when}.
R We did, {place}! Back since {when}.
E I've always wanted to see that. What was the best part?
E How was it? Tell me one thing you'll never forget.
M Easily {memory}. We laughed until we cried.
M {memory}, hands down.
W When did {who} return from {place}?
Q Where did {who} go on holiday?
N What was {who}'s highlight of the trip to {place}?
A Which places has {who} travelled to?
= health
trouble: sprained ankle~hurt foot | migraine~headaches | back pain~aching spine | stubborn cough~chest infection
cure: swimming twice a week | an ice pack and patience | breathing exercises | ginger tea
L You were quiet last time, is everything ok?
T I saw the doctor {when} about my {trouble}. Nothing dramatic, but I have to slow down.
T My {trouble} sent me to the clinic {when}. Boring, but I'm fine.
R So so. The {trouble} again, I was at the doctor's {when}.
E Oh no, take care! What do they want you to do?
E Ouch. Is there anything that helps?
M {cure}, mostly. It seems to work.
M She recommended {cure}, so that's my life now.
W When did {who} see a physician?
Q What health problem did {who} have?
N What does {who} do against the {trouble}?
O How does {who} look after their body?
= music
instr: cello~string instrument | ukulele~small guitar | drums~percussion | accordion~squeezebox
tune: an old sea shanty | a lullaby from my mother | a film theme | something by Bach
L Is that noise in the background you?
T I took my first {instr} lesson {when}. The neighbours are being brave.
T I bought a second hand {instr} {when} and can't put it down.
R Guilty! I've been playing the {instr} since {when}.
E That's so cool! Can you play a song already?
E I'd love to hear it. What are you practising?
M {tune}, over and over.
M Just {tune}, and not without mistakes.
W When did {who} start with the {instr}?
Q Which instrument is {who} learning?
N Which piece is {who} practising on the {instr}?
A Which instruments does {who} play?
= garden
plant: tomatoes~vegetables | sunflowers~tall yellow flowers | herbs~basil and thyme | blueberries~fruit bushes
helper: the old man next door | my nephew | a video series | my aunt
L What's with the dirt under your nails?
T I planted {plant} in the yard {when}. My knees are done for.
T The {plant} went into the ground {when}, fingers crossed for no frost.
R Gardening! I put in {plant} {when}.
E Lovely! Who taught you all that?
E You'll be self sufficient soon. Did you have help?
M {helper} showed me how, with endless patience.
M I'd be lost without {helper}.
W When did {who} plant {plant}?
Q What does {who} grow at home?
N Who taught {who} gardening?
A Which plants does {who} grow?
= volunteer
work: the soup kitchen~serving meals to the homeless | the animal shelter~caring for stray animals | the reading club~helping children read | the repair café~fixing broken things
touch: an old lady's thank you note | a shy boy's smile | the cook's terrible jokes | how little it takes
L What do your Saturdays look like these days?
T I helped out at {work} {when}. I came home with a full heart.
T {when} was my first shift at {work}, and I'm hooked.
R Busy! I started at {work} {when}.
E You're such a good soul. What moved you most?
E That's wonderful. Is there a moment that stayed with you?
M {touch}. I think about it all the time.
M It was {touch} that got me.
W When did {who} first volunteer at {work}?
Q How does {who} give back to the community?
N What impressed {who} at {work}?
A Where has {who} volunteered?
= home
room: kitchen~place to cook | attic~space under the roof | bathroom~washroom | porch~veranda
colour: mint green | brick red | pale yellow | midnight blue
L What have you been up to at the house?
T We finished redoing the {room} {when}. No more dust in my coffee!
T The {room} is finally done, the workers left {when}.
R Renovating. The {room} got finished {when}.
E I can't wait to see it! Which shade did you choose?
E Nice! What does it look like now?
M {colour}, with white edges.
M Everything in {colour}. Bold, I know.
W When was {who}'s {room} completed?
Q Which part of the house did {who} renovate?
N What colour did {who} pick for the {room}?
A Which rooms has {who} done up?
= family
event: my sister's wedding~a sibling's marriage | my grandfather's ninetieth~an elder's birthday | my cousin's graduation~a relative finishing school | a reunion with all my uncles~a big family gathering
gift: a photo album | a speech full of puns | a handmade quilt | a song we wrote
L How was the weekend with your lot?
T We celebrated {event} {when}. There were tears, the good kind.
T {event} was {when}! I danced until my shoes broke.
R Loud and lovely. It was {event}, {when}.
E That sounds like a memory for life! What did you bring?
E Families, eh? Did you prepare something?
M {gift}. They didn't expect it.
M I gave them {gift}.
W When was {event_of}?
Q Which celebration in the family did {who} go to?
N What did {who} give at the celebration?
A Which family occasions has {who} attended?
= study
subject: sign language~talking with the hands | astronomy~stars and planets | bookkeeping~accounts | Portuguese~a foreign tongue
why: to talk to a deaf colleague | because my dad loved it | for a promotion | out of pure curiosity
L You mentioned exams, what are you studying?
T I passed my {subject} exam {when}! I can finally sleep.
T I enrolled in {subject} {when}, evenings after work.
R It's {subject}. I signed up {when}.
E Impressive! What made you choose that?
E Good for you. Where did the idea come from?
M {why}. Simple as that.
M It's {why}, really.
W When did {who} sign up for or pass {subject}?
Q What is {who} learning in the evenings?
N Why did {who} choose {subject}?
A Which subjects has {who} studied?
= book
book: a novel about lighthouse keepers~story of people who tend a beacon | a biography of a chess player~life of a master of the board | poems about rivers~verse on water | a mystery set on a train~whodunit on rails
feel: homesick | hopeful | restless | a bit braver
L Read anything good?
T I finished {book} {when} and had to hug it.
T I stayed up all night {when} with {book}.
R Oh yes, {book}. Closed it {when}.
E Should I borrow it? How did it leave you?
E Is it sad?
M It left me {feel}, in the best way.
M I felt {feel} for days.
W When did {who} finish reading {book}?
Q What has {who} read?
N How did {who} feel after {book}?
A Which books has {who} read?
= loss
lost: my wedding ring~a piece of jewellery | my laptop~the computer | grandma's brooch~an heirloom | my passport~travel papers
spot: inside the piano | at the bus depot | in the freezer | under the car seat
L You look worn out, what's wrong?
T I lost {lost} {when}. I turned the flat inside out.
T {lost} vanished {when}, I'm sick about it.
R I can't find {lost}. Gone since {when}.
E Oh no! Did it turn up?
E I'd go mad. Any sign of it?
M It was {spot}, of all places!
M They found it {spot}. I could have kissed them.
W When did {who} lose {lost_of}?
Q What did {who} misplace?
N Where was the missing thing of {who}, {lost_of}, found?
O Is {who} a careful person with belongings?
"""

HELD_OUT = """
= sailing
boat: dinghy~small boat | catamaran~twin hull | canoe~paddle boat | kayak~paddle boat
water: the reservoir | the estuary | a bay full of seals | the canal
L Has the weather been kind to you?
T I took a {boat} out for the first time {when}. Soaked, but grinning.
T We rented a {boat} {when} and I steered all by myself.
R Kind enough! I went out in a {boat} {when}.
E I'd have been terrified! Where was that?
E Brave. Which water do you go on?
M On {water}. It was like a mirror.
M {water}, early, before anyone was up.
W When did {who} go out in a {boat}?
Q What water sport did {who} take up?
N Where did {who} go with the {boat}?
A Which boats has {who} been in?
= cooking
dish: ramen~noodle soup | sourdough~bread | paella~rice dish | dumplings~stuffed pasta
guest: my whole team | the in-laws | an old school friend | the neighbours from upstairs
L Something smells good even over the phone. What's up?
T I made {dish} from scratch {when}. It took all day and was gone in minutes.
T My first homemade {dish} {when}! Ugly, but delicious.
R I'm cooking a lot. {dish}, {when}, from scratch.
E Save me some! Who got to eat it?
E Chef! Did you have company?
M {guest}. They asked for seconds.
M I had {guest} over, nobody got ill.
W When did {who} prepare {dish}?
Q What did {who} cook at home?
N Who ate {who}'s {dish}?
A Which dishes has {who} cooked?
= car
vehicle: camper van~mobile home | moped~scooter | electric bike~pedelec | old truck~pickup
fault: the brakes squealed | a tyre went flat | it would not start | the lights flickered
L How do you get around now?
T I bought a {vehicle} {when}, second hand and full of character.
T The {vehicle} is mine since {when}! I grin at every traffic light.
R On wheels! I picked up a {vehicle} {when}.
E Freedom! Does it run well?
E Send pictures! Any trouble with it so far?
M On day two {fault}, but I sorted it.
M Well, {fault}, so the first trip was short.
W When did {who} buy the {vehicle}?
Q What means of transport did {who} get?
N What went wrong with {who}'s {vehicle}?
A Which vehicles has {who} owned?
= film
show: a documentary about whales~nature film | a silent comedy~old black and white picture | a space opera~science fiction | a courtroom drama~film about a trial
snack: salted caramel popcorn | olives | leftover pizza | far too many crisps
L What do you do with these long evenings?
T I watched {show} {when} and can't stop thinking about it.
T {when} we saw {show} at the little cinema. So good.
R Movies! {show}, {when}.
E Adding it to my list. What did you nibble?
E Cosy! Snacks included?
M {snack}, obviously.
M A mountain of {snack}.
W When did {who} watch {show}?
Q What did {who} see on the screen?
N What did {who} eat during {show}?
A Which films has {who} seen?
= child
feat: took her first steps~walked for the first time | lost a tooth~gap in the smile | learned to ride a bike~cycling without help | sang on stage~performed in front of people
reward: pancakes for dinner | a trip to the zoo | a golden sticker | an extra bedtime story
L How's the little one?
T My daughter {feat} {when}! I may have sobbed.
T You missed it: {when} my girl {feat}.
R Growing! She {feat} {when}.
E I can't believe how fast it goes! Did you celebrate?
E What a milestone. How did you mark it?
M With {reward}, of course.
M {reward}, her choice.
W When was it that {who}'s child {feat}?
Q What milestone did {who}'s daughter reach?
N How did {who} reward the child?
O Is {who} a devoted parent?
= dance
dance: salsa~Latin dancing | swing~jazz steps | tango~Argentine dance | folk dancing~traditional steps
partner: a retired fireman | my dentist | a girl half my size | nobody, we rotate
L Why are you limping and smiling?
T I went to a {dance} night {when}. Two left feet, no regrets.
T {when} I stepped onto a dance floor: {dance} for beginners.
R {dance}! I joined the beginners {when}.
E I wish I'd seen that! Who did you pair up with?
E Fabulous! With whom?
M {partner}. Very patient.
M They put me with {partner}.
W When did {who} go dancing {dance}?
Q What kind of dance has {who} learned?
N Who was {who}'s partner at {dance}?
A Which dances has {who} tried?
= camera
motif: herons at dawn~birds at first light | rusty bridges~old ironwork | market stalls~vendors | my own shadow~self portraits
prize: third place | a voucher for film rolls | a page in the local paper | an honorable mention
L Still carrying that camera everywhere?
T I handed in my series on {motif} for the contest {when}.
T My photos of {motif} went up on the wall of the gallery {when}!
R Always. I shot {motif} {when}.
E You have such an eye. Did the jury like it?
E How did it go down?
M I got {prize}! Not bad for a beginner.
M {prize}. I've framed the letter.
W When did {who} show or take the pictures of {motif}?
Q What does {who} photograph?
N What did {who} win with the photos of {motif}?
A Which subjects has {who} photographed?
= move
town: Leeds~Yorkshire | Porto~Portuguese coast | Ghent~Belgium | Tartu~Estonia
miss: the bakery on the corner | the noise of the trams | my choir | the flat roof with the view
L So, is it true about the move?
T We moved to {town} {when}. I've lived out of one suitcase since.
T The van dropped us in {town} {when}, and it rained sideways.
R It's true, we live in {town} since {when}.
E Big step! Do you miss anything?
E How does it feel? Any regrets?
M Only {miss}. The rest can stay there.
M I do miss {miss}.
W When did {who} move to {town}?
Q Where does {who} live now?
N What does {who} miss since moving to {town}?
A In which towns has {who} lived?
= storm
damage: a tree fell on the shed~the hut was crushed | the cellar flooded~water in the basement | half the roof tiles flew off~the roof was damaged | the power was out for two days~no electricity
saviour: the scouts | a farmer with a tractor | my brother-in-law | the insurance lady
L I saw the news, are you all safe?
T In the storm {when} {damage}. We're fine, only shaken.
T {damage} {when}. What a night.
R Safe, yes. But {damage} {when}.
E Thank goodness you're ok! Who helped you?
E That's awful. Do you have help?
M {saviour} came within the hour.
M Luckily {saviour} turned up.
W When was the storm at {who}'s place, when {damage}?
Q What damage did bad weather do at {who}'s home?
N Who came to help {who} after the storm?
O Has {who} good people around?
= money
buy: solar panels~energy from the roof | a sewing machine~something for tailoring | a piano~a keyboard instrument | a greenhouse~a glass house
save: by giving up takeaways | with two extra shifts a week | by selling old comics | with a small loan from mum
L What are you saving for now?
T It arrived {when}: {buy}! I saved for three years.
T I finally ordered {buy} {when}.
R Nothing any more, I bought {buy} {when}!
E You deserve it! How did you manage the money?
E Wow, that's not cheap. How?
M {save}. Slow, but it worked.
M Mostly {save}.
W When did {who} purchase {buy}?
Q What expensive thing did {who} acquire?
N How could {who} afford {buy}?
A What big purchases has {who} made?
= friend
friend: Rosalind from college~an old fellow student | my first boss~a former superior | the twins from the swim team~two old sports mates | my pen pal Yusuf~someone known from letters
did: talked until the café closed | climbed the cathedral tower | cooked our old curry | cried over old photos
L Seen anyone from the old days?
T I met {friend} again {when}, after all these years.
T {friend} visited me {when}. As if no time had passed.
R Yes! {friend}, {when}.
E How lovely! What did you do together?
E I'm a little jealous. How did you spend the time?
M We {did}.
M We just {did}, it was perfect.
W When did {who} meet {friend_of}?
Q Whom did {who} see again after years?
N What did {who} and {friend_of} do?
A Which old friends has {who} met again?
= fear
fear: flying~being in a plane | heights~looking down from a tower | public speaking~talking before a crowd | deep water~swimming out of one's depth
trick: counting backwards | humming quietly | picturing my cat | holding a pebble
L You did something scary, I heard?
T I faced my fear of {fear} {when}. Shaking all the way, but I did it.
T {when} I worked on my fear of {fear} with a coach.
R I did! I took on {fear} {when}.
E I'm so proud of you. How did you get through it?
E That takes guts. What helped?
M {trick}, as silly as it sounds.
M Just {trick}. It works!
W When did {who} confront the fear of {fear}?
Q What is {who} afraid of?
N What helps {who} against the fear of {fear}?
A Which fears has {who} overcome?
= sale
stuff: candles~wax lights | jam~fruit preserves | earrings~jewellery | tote bags~cloth bags
sum: enough for new tyres | ninety euros | more than I ever dreamed | just enough for the stall fee
L How's the little side business?
T I sold my {stuff} at the flea market {when}. My voice is gone.
T {when} I had a table full of {stuff} at the fair.
R Running! I sold {stuff} {when}.
E An entrepreneur! Did it pay off?
E Well done you! How much did you make?
M {sum}. I'm over the moon.
M I earned {sum}.
W When did {who} sell {stuff}?
Q What does {who} make to sell?
N How much did {who} earn with the {stuff}?
A What has {who} sold?
= faith
place: a silent retreat~days without talking | a yoga weekend~stretching and breathing | a pilgrimage~walking to a shrine | a tea ceremony~Japanese ritual
insight: I talk too much | I need less than I own | my phone is a leash | rest is not laziness
L You seem so calm, what's your secret?
T I came back from {place} {when}, a different person.
T {when} I tried {place}. I nearly ran away on the first day.
R I was at {place} {when}.
E I could use that. What did you learn?
E Interesting! What stays with you?
M That {insight}. Painfully clear.
M Well, {insight}.
W When did {who} take part in {place}?
Q What does {who} do for inner peace?
N What did {who} realise at {place}?
O What would {who} do to recover from stress?
"""
