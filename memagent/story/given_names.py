"""English given names of which it is known whether a woman or a man has them, as a first guess; see `pronouns`."""

from __future__ import annotations

_WOMEN = (
    "Abigail Ada Adelaide Agatha Agnes Alice Alison Amelia Amy Angela Anna Annabel Anne Annie Audrey Barbara Beatrice "
    "Bertha Bessie Betty Brenda Bridget Caroline Catherine Cecilia Charlotte Christina Christine Clara Claire Clarissa "
    "Claudia Constance Cora Cynthia Daisy Daphne Deborah Delia Diana Dora Doris Dorothy Edith Edna Effie Eileen Elaine "
    "Eleanor Elena Eliza Elizabeth Ella Ellen Elsie Emily Emma Esther Ethel Eva Eve Evelyn Fanny Fiona Flora Florence "
    "Frances Freda Georgia Georgina Gertrude Gladys Grace Greta Gwen Hannah Harriet Hazel Helen Helena Henrietta Hetty "
    "Hilda Ida Inez Ines Irene Iris Isabel Isabella Ivy Jane Janet Jean Jennifer Jenny Jessica Joan Joanna Josephine "
    "Joyce Judith Julia Juliet Karen Kate Katherine Kathleen Kitty Laura Lavinia Letitia Lilian Lily Linda Lisa "
    "Louisa Louise Lucy Lydia Mabel Madeleine Magda Maggie Margaret Marguerite Maria Marian Marie Marjorie Martha Mary "
    "Matilda Maud Maude Millicent Minnie Miranda Moira Molly Muriel "
    "Nancy Nell Nellie Nora Olive Olivia Pamela Patience "
    "Patricia Pauline Penelope Philippa Phoebe Phyllis Polly Rachel Rebecca Rosa Rosalind Rose Rosemary Ruth Sally "
    "Sarah Selina Sheila Sophia Sophie Stella Susan Susanna Sybil Sylvia Teresa Ursula Valerie Vera Victoria Violet "
    "Virginia Winifred Yvonne Zoe"
)
_MEN = (
    "Aaron Abel Abraham Adam Alan Albert Alec Alexander Alfred Ambrose Amos Andrew Angus Anthony Archibald Arnold "
    "Arthur Augustus Barnaby Bartholomew Basil Benedict Benjamin Bernard Bert Bertram Bill Bob Bram Brian Bruce Callum "
    "Cecil Charles Christopher Clarence Claude Clement Clifford Colin Conrad Cuthbert Cyril Daniel David Dennis Derek "
    "Desmond Dick Donald Douglas Duncan Dunstan Ebenezer Edgar Edmund Edward Edwin Eric Ernest Eustace Ezra Felix "
    "Francis Frank Fred Frederick Geoffrey George Gerald Gideon Gilbert Giles Gregory Guy Hamish Harold Harry Hector "
    "Henry Herbert Horace Horatio Howard Hubert Hugh Humphrey Ian Isaac Ivor Jack Jacob James Jasper Jeremiah Jim Joe "
    "John Jonathan Joseph Joshua Julian Keith Kenneth Lawrence Leonard Leopold Lewis Lionel Luke Malcolm Mark Martin "
    "Matthew Maurice Michael Miles Mortimer Nathaniel Ned Neil Nicholas Nigel Noah Norman Oliver Oscar Oswald Owen "
    "Patrick Paul Percival Percy Peter Philip Piers Ralph Raymond Reginald Richard Robert Robin Roger Roland Ronald "
    "Rupert Samuel Saul Sebastian Seth Sidney Silas Simeon Simon Stanley Stephen Theodore Thomas Timothy Tobias Tom "
    "Tomas Victor Vincent Walter Wilfred William Zachary"
)
WOMAN, MAN = "she", "he"
GIVEN = {name: WOMAN for name in _WOMEN.split()} | {name: MAN for name in _MEN.split()}
"""`she` or `he` by the name."""
