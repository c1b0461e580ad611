import './site.css';
import logo from './logo.png';
document.body.append(Object.assign(new Image(), { src: logo }));
import('./late.js').then((late) => late.default());
