<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN">
<!-- Names and sentences that rwkv_backend gives and the window shows. lupdate cannot find them in app/, so this file is kept
     by hand; tests/app/test_translation.py says what is missing in it. -->
<context>
    <name>rwkv_backend</name>
    <message>
        <source>Temperature</source>
        <translation>温度</translation>
    </message>
    <message>
        <source>Higher is more surprising; 0 always takes the likeliest token.</source>
        <translation>越高越出人意料；0 表示总取最可能的 token。</translation>
    </message>
    <message>
        <source>Top p</source>
        <translation>Top p</translation>
    </message>
    <message>
        <source>Draw only from the likeliest tokens that together reach this probability; 1 switches it off.</source>
        <translation>只从累计概率达到此值的最可能的 token 中抽取；1 表示关闭。</translation>
    </message>
    <message>
        <source>Top k</source>
        <translation>Top k</translation>
    </message>
    <message>
        <source>Draw only from this many of the likeliest tokens; 0 switches it off.</source>
        <translation>只从这么多个最可能的 token 中抽取；0 表示关闭。</translation>
    </message>
    <message>
        <source>tokens</source>
        <translation>个 token</translation>
    </message>
    <message>
        <source>Min p</source>
        <translation>Min p</translation>
    </message>
    <message>
        <source>Drop tokens less likely than this fraction of the likeliest one; 0 switches it off.</source>
        <translation>去掉概率低于最可能者这一比例的 token；0 表示关闭。</translation>
    </message>
    <message>
        <source>Presence penalty</source>
        <translation>存在惩罚</translation>
    </message>
    <message>
        <source>Taken from the logit of every token that was written before, however often.</source>
        <translation>从每个已出现过的 token 的 logit 中减去，不论出现几次。</translation>
    </message>
    <message>
        <source>nats</source>
        <translation>nat</translation>
    </message>
    <message>
        <source>Frequency penalty</source>
        <translation>频率惩罚</translation>
    </message>
    <message>
        <source>Taken from a token&apos;s logit once for each time it was written; older times count less.</source>
        <translation>token 每出现一次，就从其 logit 中减去一次；越早的出现影响越小。</translation>
    </message>
    <message>
        <source>Penalty decay</source>
        <translation>惩罚衰减</translation>
    </message>
    <message>
        <source>What is left of a count after one more token; 0.996 halves it every 173 tokens.</source>
        <translation>每多一个 token 后计数保留的比例；0.996 表示每 173 个 token 减半。</translation>
    </message>
    <message>
        <source>per token</source>
        <translation>/token</translation>
    </message>
    <message>
        <source>Order</source>
        <translation>顺序</translation>
    </message>
    <message>
        <source>rwkv cuts first and then applies the temperature; common, like most other programs, does the reverse.</source>
        <translation>rwkv 先截断再应用温度；“常规”与大多数程序一样，顺序相反。</translation>
    </message>
    <message>
        <source>rwkv</source>
        <translation>rwkv</translation>
    </message>
    <message>
        <source>common</source>
        <translation>常规</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>随机种子</translation>
    </message>
    <message>
        <source>The same seed and text give the same answer; without one every answer is new.</source>
        <translation>相同的种子和文本得到相同的回答；不设种子则每次回答都不同。</translation>
    </message>
    <message>
        <source>Banned tokens</source>
        <translation>禁用的 token</translation>
    </message>
    <message>
        <source>Token ids that are never written.</source>
        <translation>永不生成的 token 编号。</translation>
    </message>
    <message>
        <source>Uncounted tokens</source>
        <translation>不计数的 token</translation>
    </message>
    <message>
        <source>Token ids that do not count for the frequency penalty, such as spaces and digits.</source>
        <translation>不计入频率惩罚的 token 编号，例如空格和数字。</translation>
    </message>
    <message>
        <source>Demo chat</source>
        <translation>演示对话</translation>
    </message>
    <message>
        <source>Demo story</source>
        <translation>演示故事</translation>
    </message>
    <message>
        <source>AI-Writer</source>
        <translation>AI-Writer</translation>
    </message>
    <message>
        <source>RWKV-LM characters</source>
        <translation>RWKV-LM 字符级</translation>
    </message>
    <message>
        <source>RWKV-LM Pile</source>
        <translation>RWKV-LM Pile</translation>
    </message>
    <message>
        <source>Raven chat</source>
        <translation>Raven 对话</translation>
    </message>
    <message>
        <source>World chat</source>
        <translation>World 对话</translation>
    </message>
    <message>
        <source>World chat, tuned state</source>
        <translation>World 对话，微调状态</translation>
    </message>
    <message>
        <source>World questions</source>
        <translation>World 问答</translation>
    </message>
    <message>
        <source>World free text</source>
        <translation>World 自由文本</translation>
    </message>
    <message>
        <source>G1</source>
        <translation>G1</translation>
    </message>
    <message>
        <source>MIDI</source>
        <translation>MIDI</translation>
    </message>
    <message>
        <source>rwkv package</source>
        <translation>rwkv 包</translation>
    </message>
    <message>
        <source>RWKV-Runner</source>
        <translation>RWKV-Runner</translation>
    </message>
    <message>
        <source>rwkv.cpp chat</source>
        <translation>rwkv.cpp 对话</translation>
    </message>
    <message>
        <source>Ai00 nucleus</source>
        <translation>Ai00 核采样</translation>
    </message>
    <message>
        <source>rwkv.cn creative</source>
        <translation>rwkv.cn 创意</translation>
    </message>
    <message>
        <source>rwkv.cn default</source>
        <translation>rwkv.cn 默认</translation>
    </message>
    <message>
        <source>rwkv.cn conservative</source>
        <translation>rwkv.cn 保守</translation>
    </message>
    <message>
        <source>rwkv.cn mechanical</source>
        <translation>rwkv.cn 机械</translation>
    </message>
    <message>
        <source>RWKV_APP creative</source>
        <translation>RWKV_APP 创意</translation>
    </message>
    <message>
        <source>RWKV_APP default</source>
        <translation>RWKV_APP 默认</translation>
    </message>
    <message>
        <source>RWKV_APP comprehensive</source>
        <translation>RWKV_APP 综合</translation>
    </message>
    <message>
        <source>RWKV_APP conservative</source>
        <translation>RWKV_APP 保守</translation>
    </message>
    <message>
        <source>RWKV_APP fixed</source>
        <translation>RWKV_APP 固定</translation>
    </message>
    <message>
        <source>For the small models that come with this program.</source>
        <translation>用于随本程序附带的小模型。</translation>
    </message>
    <message>
        <source>The source takes top p 0.9 after a line break.</source>
        <translation>来源中换行之后的 top p 为 0.9。</translation>
    </message>
    <message>
        <source>For a chat that starts from a state that was trained.</source>
        <translation>用于从训练所得状态开始的对话。</translation>
    </message>
    <message>
        <source>The source also favours the end token more with each token, weighs token 127 down by 1 nat, and counts the tokens below 127 for 0.3.</source>
        <translation>来源中还会随每个 token 逐步提高结束 token 的概率，将 token 127 降低 1 nat，并把编号小于 127 的 token 按 0.3 次计数。</translation>
    </message>
    <message>
        <source>Its penalty does not decay.</source>
        <translation>其惩罚不衰减。</translation>
    </message>
    <message>
        <source>Written there as a half-life of 200 tokens.</source>
        <translation>来源中写作半衰期 200 个 token。</translation>
    </message>
    <message>
        <source>World question</source>
        <translation>World 提问</translation>
    </message>
    <message>
        <source>World instruction</source>
        <translation>World 指令</translation>
    </message>
    <message>
        <source>World question about a text</source>
        <translation>World 文本问答</translation>
    </message>
    <message>
        <source>G1 chat</source>
        <translation>G1 对话</translation>
    </message>
    <message>
        <source>G1 think</source>
        <translation>G1 思考</translation>
    </message>
    <message>
        <source>G1 think a bit</source>
        <translation>G1 简短思考</translation>
    </message>
    <message>
        <source>G1 think a lot</source>
        <translation>G1 深入思考</translation>
    </message>
    <message>
        <source>G1 fast</source>
        <translation>G1 快速</translation>
    </message>
    <message>
        <source>Pile text</source>
        <translation>Pile 文本</translation>
    </message>
    <message>
        <source>Raven instruction</source>
        <translation>Raven 指令</translation>
    </message>
    <message>
        <source>Raven question</source>
        <translation>Raven 提问</translation>
    </message>
    <message>
        <source>Raven chat (Bob and Alice)</source>
        <translation>Raven 对话（Bob 与 Alice）</translation>
    </message>
    <message>
        <source>Raven questions (User and Bot)</source>
        <translation>Raven 问答（User 与 Bot）</translation>
    </message>
    <message>
        <source>Novel</source>
        <translation>小说</translation>
    </message>
    <message>
        <source>Plain text</source>
        <translation>纯文本</translation>
    </message>
    <message>
        <source>A talk with one of the small models that come with this program.</source>
        <translation>与随本程序附带的小模型对话。</translation>
    </message>
    <message>
        <source>The model goes on with your text. Try a title, a blank line and the first words.</source>
        <translation>模型续写你的文本。可以写一个标题、一个空行和开头几个词。</translation>
    </message>
    <message>
        <source>A talk after one exchange of greetings.</source>
        <translation>先互相问候一轮，再开始对话。</translation>
    </message>
    <message>
        <source>A talk without the greetings, as fits a tuned state.</source>
        <translation>不带问候的对话，适合微调过的状态。</translation>
    </message>
    <message>
        <source>A task, and if you like the material that it is about.</source>
        <translation>一项任务，可附上相关材料。</translation>
    </message>
    <message>
        <source>A text, then a question about it.</source>
        <translation>先给文本，再就其提问。</translation>
    </message>
    <message>
        <source>The model answers at once.</source>
        <translation>模型直接回答。</translation>
    </message>
    <message>
        <source>The model thinks first, then answers.</source>
        <translation>模型先思考，再回答。</translation>
    </message>
    <message>
        <source>The model thinks briefly first.</source>
        <translation>模型先简短思考。</translation>
    </message>
    <message>
        <source>The model thinks at length first.</source>
        <translation>模型先深入思考。</translation>
    </message>
    <message>
        <source>The model is told that it has thought already: quick, and better than no thought.</source>
        <translation>告诉模型它已经思考过：速度快，且优于完全不思考。</translation>
    </message>
    <message>
        <source>The model goes on with your text, which a line break is put before.</source>
        <translation>模型续写你的文本，文本前会加一个换行。</translation>
    </message>
    <message>
        <source>A task in the form that Raven was tuned on (+i in ChatRWKV).</source>
        <translation>按 Raven 微调时的格式给出任务（ChatRWKV 中的 +i）。</translation>
    </message>
    <message>
        <source>A question to be answered freely (+qq in ChatRWKV).</source>
        <translation>自由回答的问题（ChatRWKV 中的 +qq）。</translation>
    </message>
    <message>
        <source>A friendly talk after a short introduction.</source>
        <translation>简短介绍之后的友好对话。</translation>
    </message>
    <message>
        <source>Questions and factual answers after two examples.</source>
        <translation>两个示例之后的提问与事实性回答。</translation>
    </message>
    <message>
        <source>The model goes on with your text; blank lines and the space around lines are removed.</source>
        <translation>模型续写你的文本；空行和行首行尾的空格会被去掉。</translation>
    </message>
    <message>
        <source>The model goes on with your text, to which nothing is added.</source>
        <translation>模型续写你的文本，不添加任何内容。</translation>
    </message>
    <message>
        <source>System</source>
        <translation>系统提示词</translation>
    </message>
    <message>
        <source>Input</source>
        <translation>输入</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>文本</translation>
    </message>
    <message>
        <source>The prompt holds Windows line ends; models were trained with plain ones.</source>
        <translation>提示词含有 Windows 换行符；模型训练时用的是普通换行符。</translation>
    </message>
    <message>
        <source>The prompt ends with a space: leave it out, as the model writes the space together with the next word.</source>
        <translation>提示词以空格结尾：请去掉，模型会把空格与下一个词一起生成。</translation>
    </message>
    <message>
        <source>The prompt does not begin with a line break, as the texts did that this model has learned from.</source>
        <translation>提示词没有以换行开头，而此模型的训练文本都以换行开头。</translation>
    </message>
    <message>
        <source>A name is followed by the wide colon &quot;：&quot;: use &quot;:&quot;, which the model was trained with.</source>
        <translation>名称后用了全角冒号“：”：请改用模型训练时使用的“:”。</translation>
    </message>
    <message>
        <source>The prompt ends with a closed tag: leave out the last &quot;&gt;&quot;, as the model writes it together with what follows.</source>
        <translation>提示词以闭合的标签结尾：请去掉最后的“&gt;”，模型会把它与后面的内容一起生成。</translation>
    </message>
    <message>
        <source>The prompt ends with a blank line, which tells the model that the turn is over.</source>
        <translation>提示词以空行结尾，模型会认为这一轮已经结束。</translation>
    </message>
    <message>
        <source>The prompt ends with a blank line, which becomes a single token that this model hardly knows.</source>
        <translation>提示词以空行结尾，空行会变成此模型几乎不认识的单个 token。</translation>
    </message>
    <message>
        <source>Your message holds a blank line, which the model takes for the end of the turn: use single line breaks.</source>
        <translation>消息中有空行，模型会把它当作一轮的结束：请使用单个换行。</translation>
    </message>
    <message>
        <source>The prompt does not end with &quot;Assistant:&quot;: the model may go on with your message instead of answering it.</source>
        <translation>提示词没有以“Assistant:”结尾：模型可能会续写你的消息，而不是回答。</translation>
    </message>
    <message>
        <source>The prompt does not end with &quot;Response:&quot;: the model may go on with your message instead of answering it.</source>
        <translation>提示词没有以“Response:”结尾：模型可能会续写你的消息，而不是回答。</translation>
    </message>
    <message>
        <source>The prompt does not end with &quot;Answer:&quot;: the model may go on with your message instead of answering it.</source>
        <translation>提示词没有以“Answer:”结尾：模型可能会续写你的消息，而不是回答。</translation>
    </message>
    <message>
        <source>The prompt does not end with &quot;# Response:&quot;: the model may go on with your message instead of answering it.</source>
        <translation>提示词没有以“# Response:”结尾：模型可能会续写你的消息，而不是回答。</translation>
    </message>
    <message>
        <source>The prompt does not end with &quot;A:&quot;: the model may go on with your message instead of answering it.</source>
        <translation>提示词没有以“A:”结尾：模型可能会续写你的消息，而不是回答。</translation>
    </message>
    <message>
        <source>The prompt does not end with &quot;Alice:&quot;: the model may go on with your message instead of answering it.</source>
        <translation>提示词没有以“Alice:”结尾：模型可能会续写你的消息，而不是回答。</translation>
    </message>
    <message>
        <source>The prompt does not end with &quot;Bot:&quot;: the model may go on with your message instead of answering it.</source>
        <translation>提示词没有以“Bot:”结尾：模型可能会续写你的消息，而不是回答。</translation>
    </message>
    <message>
        <source>this program</source>
        <translation>本程序</translation>
    </message>
    <message>
        <source>last input of the time mix, blended with the next one</source>
        <translation>时间混合的上一次输入，将与下一次输入混合</translation>
    </message>
    <message>
        <source>last input of the channel mix, blended with the next one</source>
        <translation>通道混合的上一次输入，将与下一次输入混合</translation>
    </message>
    <message>
        <source>last input of the first channel mix, blended with the next one</source>
        <translation>首个通道混合的上一次输入，将与下一次输入混合</translation>
    </message>
    <message>
        <source>e^k of each token read: how loudly it speaks</source>
        <translation>各已读 token 的 e^k：其权重大小</translation>
    </message>
    <message>
        <source>e^k·v of each token read: what it says, times how loudly</source>
        <translation>各已读 token 的 e^k·v：其内容乘以权重</translation>
    </message>
    <message>
        <source>sum of e^k over all tokens read; nothing fades</source>
        <translation>所有已读 token 的 e^k 之和；不衰减</translation>
    </message>
    <message>
        <source>what each earlier token can be found by</source>
        <translation>用于查找先前各 token 的键</translation>
    </message>
    <message>
        <source>the earlier tokens themselves, as ids</source>
        <translation>先前的 token 本身（编号）</translation>
    </message>
    <message>
        <source>fading sum of e^k·v</source>
        <translation>e^k·v 的衰减累加和</translation>
    </message>
    <message>
        <source>fading sum of e^k</source>
        <translation>e^k 的衰减累加和</translation>
    </message>
    <message>
        <source>logarithm of the scale of numerator and denominator: the largest exponent met, fading</source>
        <translation>分子和分母的缩放对数：出现过的最大指数，随时间衰减</translation>
    </message>
    <message>
        <source>fading sum of key ⊗ value: what each key recalls</source>
        <translation>键 ⊗ 值的衰减累加和：每个键能唤起的内容</translation>
    </message>
    <message>
        <source>what each key recalls; new writing replaces old</source>
        <translation>每个键能唤起的内容；新写入取代旧内容</translation>
    </message>
    <message>
        <source>keys of the softmax attention, one a token</source>
        <translation>softmax 注意力的键，每个 token 一个</translation>
    </message>
    <message>
        <source>values of the softmax attention, one a token</source>
        <translation>softmax 注意力的值，每个 token 一个</translation>
    </message>
    <message>
        <source>Σ key ⊗ value of the tiny attention</source>
        <translation>tiny attention 的 Σ 键 ⊗ 值</translation>
    </message>
    <message>
        <source>Writing</source>
        <translation>生成</translation>
    </message>
    <message>
        <source>Loss on the text</source>
        <translation>文本损失</translation>
    </message>
    <message>
        <source>Recall of a name</source>
        <translation>名字回忆</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>速度</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>Forgetting</source>
        <translation>遗忘</translation>
    </message>
    <message>
        <source>all earlier tokens, each weighted by e^k and by a learned table of distances</source>
        <translation>所有先前的 token，各按 e^k 和学到的距离权重表加权</translation>
    </message>
    <message>
        <source>weighted mean a channel, as a fading numerator and denominator ({0} channels)</source>
        <translation>各通道的加权平均，以衰减的分子和分母表示（{0} 个通道）</translation>
    </message>
    <message>
        <source>weighted mean a channel, as a fading numerator and denominator scaled by a running maximum ({0} channels)</source>
        <translation>各通道的加权平均，以衰减的分子和分母表示，并按滑动最大值缩放（{0} 个通道）</translation>
    </message>
    <message>
        <source>sum of outer products k·v: a matrix of {1} × {1} in each of {0} heads</source>
        <translation>外积 k·v 之和：{0} 个头各有一个 {1} × {1} 矩阵</translation>
    </message>
    <message>
        <source>a matrix of {1} × {1} in each of {0} heads; writing under a key first takes away what that key recalls</source>
        <translation>{0} 个头各有一个 {1} × {1} 矩阵；以某个键写入时，先去掉该键原来唤起的内容</translation>
    </message>
    <message>
        <source>none by itself: a table of learned weights by distance, {0} for each of {1} heads</source>
        <translation>本身没有：按距离学到的权重表，{1} 个头各 {0} 个</translation>
    </message>
    <message>
        <source>a constant for each channel ({0} a layer)</source>
        <translation>每个通道一个常数（每层 {0} 个）</translation>
    </message>
    <message>
        <source>a constant for each head ({0} a layer)</source>
        <translation>每个头一个常数（每层 {0} 个）</translation>
    </message>
    <message>
        <source>decided by each token, for each channel: a learned base and a function of rank {0}</source>
        <translation>由每个 token 逐通道决定：学到的基值加秩为 {0} 的函数</translation>
    </message>
    <message>
        <source>decided by each token, for each channel: a learned base and a function of rank {0}; never below 0.545 a token</source>
        <translation>由每个 token 逐通道决定：学到的基值加秩为 {0} 的函数；每个 token 不低于 0.545</translation>
    </message>
    <message>
        <source>weighted as any other, at distance 0</source>
        <translation>与其他 token 一样加权，距离为 0</translation>
    </message>
    <message>
        <source>a weight of its own for each channel, e^u</source>
        <translation>每个通道有单独的权重 e^u</translation>
    </message>
    <message>
        <source>a bonus u for each channel or head</source>
        <translation>每个通道或头有加成 u</translation>
    </message>
    <message>
        <source>a bonus u for each channel</source>
        <translation>每个通道有加成 u</translation>
    </message>
    <message>
        <source>read after it is written, and a bonus r_k for each channel</source>
        <translation>写入之后再读取，每个通道另有加成 r_k</translation>
    </message>
    <message>
        <source>half of the channels are the token before&apos;s</source>
        <translation>一半通道取自前一个 token</translation>
    </message>
    <message>
        <source>a learned blend with the token before for each channel, one for all of k, v and r</source>
        <translation>每个通道与前一个 token 按学到的比例混合，k、v、r 共用一个</translation>
    </message>
    <message>
        <source>learned blends with the token before for each channel, one each for k, v and r</source>
        <translation>每个通道与前一个 token 按学到的比例混合，k、v、r 各有一个</translation>
    </message>
    <message>
        <source>learned blends with the token before for each channel, one each for {0}</source>
        <translation>每个通道与前一个 token 按学到的比例混合，{0} 各有一个</translation>
    </message>
    <message>
        <source>blends with the token before that each token decides, by functions of rank {0}, one each for w, k, v, r and g</source>
        <translation>与前一个 token 的混合比例由每个 token 决定，用秩为 {0} 的函数，w、k、v、r、g 各有一个</translation>
    </message>
    <message>
        <source>learned blends with the token before for each channel, one each for r, w, k, v, a and g</source>
        <translation>每个通道与前一个 token 按学到的比例混合，r、w、k、v、a、g 各有一个</translation>
    </message>
    <message>
        <source>layer norm before each mix; the sum is divided by Σ e^k</source>
        <translation>每次混合前做层归一化；累加和除以 Σ e^k</translation>
    </message>
    <message>
        <source>layer norm of the residual stream itself; the sum is divided by its denominator</source>
        <translation>对残差流本身做层归一化；累加和除以其分母</translation>
    </message>
    <message>
        <source>layer norm after the embedding and before each mix; the sum is divided by its denominator</source>
        <translation>嵌入之后和每次混合前做层归一化；累加和除以其分母</translation>
    </message>
    <message>
        <source>layer norm after the embedding and before each mix; group norm of what each head reads</source>
        <translation>嵌入之后和每次混合前做层归一化；对各头的读出做组归一化</translation>
    </message>
    <message>
        <source>σ(r) of the receptance</source>
        <translation>receptance 的 σ(r)</translation>
    </message>
    <message>
        <source>none: the receptance reads the matrix</source>
        <translation>无：由 receptance 读取矩阵</translation>
    </message>
    <message>
        <source>silu(g); the receptance reads the matrix</source>
        <translation>silu(g)；由 receptance 读取矩阵</translation>
    </message>
    <message>
        <source>a gate of rank {0}; the receptance reads the matrix</source>
        <translation>秩为 {0} 的门控；由 receptance 读取矩阵</translation>
    </message>
    <message>
        <source>σ(r) ∘ W (mish(k) ∘ v), {0} hidden channels</source>
        <translation>σ(r) ∘ W (mish(k) ∘ v)，{0} 个隐藏通道</translation>
    </message>
    <message>
        <source>σ(r) ∘ W relu²(k), {0} hidden channels</source>
        <translation>σ(r) ∘ W relu²(k)，{0} 个隐藏通道</translation>
    </message>
    <message>
        <source>W (a ∘ mish(b)), {0} hidden channels</source>
        <translation>W (a ∘ mish(b))，{0} 个隐藏通道</translation>
    </message>
    <message>
        <source>W relu²(k) without receptance, {0} hidden channels</source>
        <translation>W relu²(k)，没有 receptance，{0} 个隐藏通道</translation>
    </message>
    <message>
        <source>scores for the words of the last {1} tokens, found by keys of width {0}</source>
        <translation>为最近 {1} 个 token 中的词打分，用宽度为 {0} 的键查找</translation>
    </message>
    <message>
        <source>scores for the words of all tokens read, found by keys of width {0}</source>
        <translation>为所有已读 token 中的词打分，用宽度为 {0} 的键查找</translation>
    </message>
    <message>
        <source>{0} numbers, however long the text</source>
        <translation>{0} 个数，与文本长度无关</translation>
    </message>
    <message>
        <source>{0} numbers, and {1} more with each token, up to {2} tokens</source>
        <translation>{0} 个数，每个 token 再加 {1} 个，最多 {2} 个 token</translation>
    </message>
    <message>
        <source>{0} numbers, and {1} more with each token</source>
        <translation>{0} 个数，每个 token 再加 {1} 个</translation>
    </message>
    <message>
        <source>{0} tokens</source>
        <translation>{0} 个 token</translation>
    </message>
    <message>
        <source>{0} in {1} layers of width {2}</source>
        <translation>{0}，共 {1} 层，宽度 {2}</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>Time mixing</source>
        <translation>时间混合</translation>
    </message>
    <message>
        <source>Decay</source>
        <translation>衰减</translation>
    </message>
    <message>
        <source>The token itself</source>
        <translation>当前 token</translation>
    </message>
    <message>
        <source>Token shift</source>
        <translation>Token 移位</translation>
    </message>
    <message>
        <source>Normalisation</source>
        <translation>归一化</translation>
    </message>
    <message>
        <source>Gating</source>
        <translation>门控</translation>
    </message>
    <message>
        <source>Channel mixing</source>
        <translation>通道混合</translation>
    </message>
    <message>
        <source>Copy head</source>
        <translation>复制头</translation>
    </message>
    <message>
        <source>State per layer</source>
        <translation>每层状态</translation>
    </message>
    <message>
        <source>Vocabulary</source>
        <translation>词表</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>参数量</translation>
    </message>
    <message>
        <source>nats a token</source>
        <translation>nat/token</translation>
    </message>
    <message>
        <source>share of channels in which one token outweighs all others together</source>
        <translation>单个 token 的分量超过其余全部之和的通道占比</translation>
    </message>
    <message>
        <source>share of channels whose mean is more than four times the median size</source>
        <translation>均值超过中位大小四倍的通道占比</translation>
    </message>
    <message>
        <source>share of a head&apos;s memory that lies in its strongest single association</source>
        <translation>头的记忆中最强单一关联所占的比例</translation>
    </message>
</context>
</TS>
